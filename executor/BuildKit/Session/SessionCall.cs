using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace PodExecutor.BuildKit.Session;

/// <summary>
/// One call of the daemon to a service of this client: gRPC's framing on Kestrel's streams. Messages that carry file contents are written into the
/// connection's own buffers, without an object for each.
/// </summary>
internal sealed class SessionCall : IDisposable
{
    /// <summary>What a message of a well-meaning daemon never exceeds: it keeps below Go's default of 4 MiB.</summary>
    public const int MaxMessageSize = 16 << 20;

    private const int PrefixSize = 5;

    private readonly IHttpRequestFeature _request;

    private readonly IHttpResponseBodyFeature _response;

    private readonly PipeReader _reader;

    private readonly CancellationTokenSource _cancellation;

    public SessionCall(IFeatureCollection features, CancellationToken sessionEnd)
    {
        _request = features.GetRequiredFeature<IHttpRequestFeature>();
        _response = features.GetRequiredFeature<IHttpResponseBodyFeature>();
        _reader = features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(
            features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted, sessionEnd);
    }

    public string Path => _request.Path;

    /// <summary>The daemon gave the call up, or the session has ended.</summary>
    public CancellationToken Cancelled => _cancellation.Token;

    public PipeWriter Output => _response.Writer;

    /// <summary>All values of one key, each by itself.</summary>
    public IReadOnlyList<string> Metadata(string key) => [.. _request.Headers[key].OfType<string>()];

    public string? FirstMetadata(string key) => Metadata(key) is [var first, ..] ? first : null;

    /// <summary>Sends the response's headers, so that the daemon knows the call was taken.</summary>
    public async Task StartAsync()
    {
        try
        {
            await _response.StartAsync(Cancelled).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw Broken(error);
        }
    }

    /// <summary>Waits for the next message and reads it where it lies.</summary>
    /// <param name="read">Must not keep the sequence.</param>
    /// <param name="cancellation">Ends when the call is cancelled, too; null: only then.</param>
    /// <returns>false: the daemon has sent its last message.</returns>
    public async ValueTask<bool> ReadAsync<TState>(TState state, Action<TState, ReadOnlySequence<byte>> read, CancellationToken? cancellation = null)
    {
        while (true)
        {
            var result = await ReadPipeAsync(cancellation ?? Cancelled).ConfigureAwait(false);
            var buffer = result.Buffer;
            if (TrySplit(buffer, out var message, out var end))
            {
                read(state, message);
                _reader.AdvanceTo(end);
                return true;
            }

            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                return buffer.IsEmpty ? false : throw new SessionFault(StatusCode.Internal, "a message ends in its middle");
            }
        }
    }

    /// <summary>The next message; null after the last one.</summary>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken? cancellation = null)
        where T : class, IMessage<T>
    {
        var slot = new Slot<T>(parser);
        return await ReadAsync(slot, static (slot, message) => slot.Value = slot.Parser.ParseFrom(message), cancellation).ConfigureAwait(false)
            ? slot.Value
            : null;
    }

    /// <summary>The only message of a call that takes one.</summary>
    public async ValueTask<T> ReadOneAsync<T>(MessageParser<T> parser)
        where T : class, IMessage<T> =>
        await ReadAsync(parser).ConfigureAwait(false) ?? throw new SessionFault(StatusCode.InvalidArgument, $"{Path} came without its request");

    /// <summary>Writes a message into the output's buffer; flush it.</summary>
    public void Write(IMessage message)
    {
        var size = message.CalculateSize();
        WritePrefix(Output, size);
        message.WriteTo(Output);
    }

    public async ValueTask SendAsync(IMessage message)
    {
        Write(message);
        await FlushAsync().ConfigureAwait(false);
    }

    /// <summary>Waits until the daemon has room for more.</summary>
    public async ValueTask FlushAsync(CancellationToken? cancellation = null)
    {
        FlushResult result;
        try
        {
            result = await Output.FlushAsync(cancellation ?? Cancelled).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw Broken(error);
        }

        if (result.IsCompleted)
        {
            throw new OperationCanceledException("the daemon gave the call up");
        }
    }

    public static void WritePrefix(IBufferWriter<byte> output, int size)
    {
        var prefix = output.GetSpan(PrefixSize);
        prefix[0] = 0;   // not compressed
        BinaryPrimitives.WriteInt32BigEndian(prefix[1..], size);
        output.Advance(PrefixSize);
    }

    private async ValueTask<ReadResult> ReadPipeAsync(CancellationToken cancellation)
    {
        try
        {
            return await _reader.ReadAsync(cancellation).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw Broken(error);
        }
    }

    /// <summary>No IOException: those are of this machine's files, and somebody else's fault.</summary>
    private static OperationCanceledException Broken(IOException error) => new("the connection to the daemon broke", error);

    public void Dispose() => _cancellation.Dispose();

    private static bool TrySplit(ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message, out SequencePosition end)
    {
        message = default;
        end = buffer.Start;
        if (buffer.Length < PrefixSize)
        {
            return false;
        }

        Span<byte> prefix = stackalloc byte[PrefixSize];
        buffer.Slice(0, PrefixSize).CopyTo(prefix);
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (prefix[0] != 0 || length > MaxMessageSize)
        {
            throw new SessionFault(StatusCode.ResourceExhausted, $"a message of {length} bytes (compressed: {prefix[0]}) is not taken");
        }

        if (buffer.Length < PrefixSize + length)
        {
            return false;
        }

        message = buffer.Slice(PrefixSize, length);
        end = message.End;
        return true;
    }

    private sealed class Slot<T>(MessageParser<T> parser)
        where T : IMessage<T>
    {
        public MessageParser<T> Parser { get; } = parser;

        public T? Value { get; set; }
    }
}
