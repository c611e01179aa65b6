using System.Buffers;
using System.Net.WebSockets;
using System.Text;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// The data of an exec or a port-forward as one stream. Each WebSocket message starts with the number of its channel:
/// <code>
///   exec (v4.channel.k8s.io)          port-forward (v4.channel.k8s.io, one port)
///   0 stdin   1 stdout                0 data, in both directions
///   2 stderr  3 status                1 error
/// </code>
/// Reading takes from the socket only what is asked for, so a slow reader slows the pod down instead of losing the tail
/// (KubernetesClient's demultiplexer has no back-pressure: docs/adr/0004-exec-stream.md).
/// </summary>
/// <param name="input">The channel that is written.</param>
/// <param name="output">The channel that is read.</param>
internal abstract class ChannelStream(WebSocket socket, byte input, byte output) : Stream
{
    public const string Protocol = "v4.channel.k8s.io";

    /// <summary>Bytes of a channel of messages that are kept.</summary>
    private const int LongestText = 8 * 1024;

    private readonly byte[] _channel = new byte[1];
    private byte[] _aside = [];
    private byte? _current;

    /// <summary>What the other channels told about the end, for a person; empty if nothing.</summary>
    public abstract string Farewell { get; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException("A channel has no length.");

    public override long Position
    {
        get => throw new NotSupportedException("A channel has no position.");
        set => throw new NotSupportedException("A channel has no position.");
    }

    /// <returns>Bytes of data; 0 at the end, whether orderly or cut.</returns>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (true)
            {
                if (_current is not { } channel)
                {
                    if (!await NextMessageAsync(cancellationToken))
                    {
                        return 0;
                    }
                }
                else if (channel == output)
                {
                    var part = await socket.ReceiveAsync(buffer, cancellationToken);
                    _current = part.EndOfMessage ? null : _current;
                    if (Accept(buffer.Span[..part.Count]) is var count and > 0)
                    {
                        return count;
                    }
                }
                else
                {
                    await AsideAsync(channel, cancellationToken);
                }
            }
        }
        catch (WebSocketException)
        {
            return 0;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var message = ArrayPool<byte>.Shared.Rent(buffer.Length + 1);
        try
        {
            message[0] = input;
            buffer.CopyTo(message.AsMemory(1));
            await socket.SendAsync(message.AsMemory(0, buffer.Length + 1), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (WebSocketException e)
        {
            throw new IOException("The stream to the pod was cut.", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(message);
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A channel is read asynchronously.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A channel is written asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A channel cannot be sought.");

    public override void SetLength(long value) => throw new NotSupportedException("A channel cannot be sought.");

    /// <summary>Takes bytes of the data channel, possibly without some at the start that are not data.</summary>
    /// <returns>How many are data; they start at the span's beginning.</returns>
    protected virtual int Accept(Span<byte> data) => data.Length;

    /// <summary>A part of a message on another channel.</summary>
    /// <param name="last">The message ends with it.</param>
    protected abstract void OnText(byte channel, ReadOnlySpan<byte> text, bool last);

    /// <summary>The WebSocket was closed in an orderly way.</summary>
    protected virtual void OnClosed()
    {
    }

    /// <summary>Keeps the beginning of what a channel says: the pod decides how much that is.</summary>
    protected static void Keep(StringBuilder kept, ReadOnlySpan<byte> text)
    {
        if (kept.Length < LongestText)
        {
            kept.Append(Encoding.UTF8.GetString(text[..Math.Min(text.Length, LongestText)]));
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // Without the closing handshake: the peer's answer would cost a round trip and tell nothing.
            socket.Abort();
            socket.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Reads the channel byte that every message begins with; false at the stream's end.</summary>
    private async ValueTask<bool> NextMessageAsync(CancellationToken cancel)
    {
        var head = await socket.ReceiveAsync(_channel.AsMemory(), cancel);
        if (head.MessageType == WebSocketMessageType.Close)
        {
            OnClosed();
            return false;
        }

        if (head.Count == 1 && !head.EndOfMessage)
        {
            _current = _channel[0];
        }

        return true;
    }

    private async ValueTask AsideAsync(byte channel, CancellationToken cancel)
    {
        _aside = _aside.Length > 0 ? _aside : new byte[4 * 1024];
        var part = await socket.ReceiveAsync(_aside.AsMemory(), cancel);
        _current = part.EndOfMessage ? null : _current;
        OnText(channel, _aside.AsSpan(0, part.Count), part.EndOfMessage);
    }
}
