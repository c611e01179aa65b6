using System.Buffers;
using System.Net.WebSockets;
using System.Text;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// An exec's stdin and stdout as one stream. Reading takes from the socket only what is asked for, so a slow reader slows the
/// pod down instead of losing the tail (KubernetesClient's demultiplexer has no back-pressure: docs/adr/0004-exec-stream.md).
/// Channels: kubernetes apimachinery pkg/util/remotecommand: 0 stdin, 1 stdout, 2 stderr, 3 status.
/// </summary>
internal sealed class ExecStream(WebSocket socket) : Stream
{
    public const string Protocol = "v4.channel.k8s.io";

    private const byte Stdin = 0;
    private const byte Stdout = 1;
    private const byte Stderr = 2;
    private const byte Status = 3;
    private const int LongestStderr = 8 * 1024;

    private readonly byte[] _channel = new byte[1];
    private readonly StringBuilder _stderr = new();
    private readonly StringBuilder _status = new();
    private byte? _current;

    /// <summary>What the command said on stderr; the link says nothing there unless it fails.</summary>
    public string StandardError => _stderr.ToString().Trim();

    /// <summary>How the exec ended, once <see cref="ReadAsync(Memory{byte}, CancellationToken)"/> has given 0; null if the stream was cut.</summary>
    public StatusText? Ended { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException("An exec has no length.");

    public override long Position
    {
        get => throw new NotSupportedException("An exec has no position.");
        set => throw new NotSupportedException("An exec has no position.");
    }

    /// <returns>Bytes of stdout; 0 at the end, whether orderly or cut.</returns>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (true)
            {
                if (_current is null)
                {
                    if (!await NextMessageAsync(cancellationToken))
                    {
                        return 0;
                    }

                    continue;
                }

                if (_current == Stdout)
                {
                    var part = await socket.ReceiveAsync(buffer, cancellationToken);
                    _current = part.EndOfMessage ? null : _current;
                    if (part.Count > 0)
                    {
                        return part.Count;
                    }
                }
                else
                {
                    await AsideAsync(_current.Value, cancellationToken);
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
            message[0] = Stdin;
            buffer.CopyTo(message.AsMemory(1));
            await socket.SendAsync(message.AsMemory(0, buffer.Length + 1), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
        }
        catch (WebSocketException e)
        {
            throw new IOException("The exec stream is cut.", e);
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

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("An exec is read asynchronously.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("An exec is written asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("An exec cannot be sought.");

    public override void SetLength(long value) => throw new NotSupportedException("An exec has no length.");

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
            Ended = _status.Length > 0 ? StatusText.Parse(_status.ToString()) : Ended;
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
        var buffer = new byte[4 * 1024];
        var part = await socket.ReceiveAsync(buffer.AsMemory(), cancel);
        _current = part.EndOfMessage ? null : _current;
        var text = Encoding.UTF8.GetString(buffer, 0, part.Count);
        if (channel == Stderr && _stderr.Length < LongestStderr)
        {
            _stderr.Append(text);
        }
        else if (channel == Status)
        {
            _status.Append(text);
            Ended = _current is null ? StatusText.Parse(_status.ToString()) : Ended;
        }
    }
}
