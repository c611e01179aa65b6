namespace PodExecutor.Tests.Unit.Core.Link;

/// <summary>A neighbor on the wire: keeps what is written, and changes one byte of what is read.</summary>
internal sealed class TapStream(Stream inner) : Stream
{
    private readonly MemoryStream _sent = new();
    private long _read;

    public byte[] Sent => _sent.ToArray();

    /// <summary>The position, among the bytes that are read from now on, of the one that is changed.</summary>
    public long? FlipAt
    {
        get;
        set
        {
            field = value;
            _read = 0;
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        if (FlipAt - _read is { } at && at >= 0 && at < count)
        {
            buffer.Span[(int)at] ^= 1;
        }

        _read += count;
        return count;
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _sent.Write(buffer.Span);
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
