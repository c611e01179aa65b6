namespace PodExecutor.Agent.Cache.Archives;

/// <summary>A stream whose first bytes may be looked at before they are read.</summary>
internal sealed class PeekStream(Stream inner) : Stream
{
    private byte[] _peeked = [];
    private int _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Fewer only if there are no more.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        _peeked = new byte[count];
        _peeked = _peeked[..inner.ReadAtLeast(_peeked, count, throwOnEndOfStream: false)];
        return _peeked;
    }

    public override int Read(Span<byte> buffer)
    {
        if (_at == _peeked.Length)
        {
            return inner.Read(buffer);
        }

        var count = Math.Min(buffer.Length, _peeked.Length - _at);
        _peeked.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
