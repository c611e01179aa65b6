using PodExecutor.Driver.Cluster;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>One stream to a container's agent, ready for frames.</summary>
/// <param name="stream">Carries frames: the channel itself at the first contact, sealed later.</param>
/// <param name="farewell">What the transport knows about the stream's end.</param>
/// <param name="contact">What goes out before anything else; null if both ends have the key already.</param>
internal sealed class AgentConnection(Stream stream, Func<string> farewell, FirstContact? contact) : IAsyncDisposable
{
    public Stream Stream => stream;

    public FirstContact? Contact => contact;

    /// <summary>For a person.</summary>
    public string Farewell => farewell() is { Length: > 0 } told ? $"{told}; the stream to the agent ended" : "the stream to the agent ended";

    public static AgentConnection Of(ChannelStream channel, FirstContact contact) => new(channel, () => channel.Farewell, contact);

    public static AgentConnection Of(ChannelStream channel, SealedStream link) => new(link, () => channel.Farewell, null);

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
