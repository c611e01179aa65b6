using System.Net.WebSockets;
using System.Text;

namespace PodExecutor.Driver.Cluster;

/// <summary>An exec's stdin and stdout. Channels: kubernetes apimachinery, pkg/util/remotecommand.</summary>
internal sealed class ExecStream(WebSocket socket) : ChannelStream(socket, Stdin, Stdout)
{
    private const byte Stdin = 0;
    private const byte Stdout = 1;
    private const byte Stderr = 2;
    private const byte Status = 3;

    private readonly StringBuilder _stderr = new();
    private readonly StringBuilder _status = new();

    /// <summary>What the command said on stderr; the link says nothing there unless it fails.</summary>
    public string StandardError => _stderr.ToString().Trim();

    /// <summary>How the exec ended, once a read has returned 0; null if the stream was cut.</summary>
    public StatusText? Ended { get; private set; }

    public override string Farewell => string.Join("; ", new[] { StandardError, Ended?.Message ?? "" }.Where(s => s.Length > 0));

    protected override void OnText(byte channel, ReadOnlySpan<byte> text, bool last)
    {
        if (channel == Stderr)
        {
            Keep(_stderr, text);
        }
        else if (channel == Status)
        {
            Keep(_status, text);
            Ended = last ? StatusText.Parse(_status.ToString()) : Ended;
        }
    }

    protected override void OnClosed() => Ended = _status.Length > 0 ? StatusText.Parse(_status.ToString()) : Ended;
}
