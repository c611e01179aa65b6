using PodExecutor.Agent.Cache.Save;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary>
/// A file's content with the length that its header promises: zeros where the file has become shorter, nothing of what was added. Whoever
/// reads it must look afterwards if the file has changed, and then not use it.
/// </summary>
internal sealed class FixedLengthStream(int fd, long length) : Stream
{
    private long _at;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _at;
        set => _at = value;
    }

    public override int Read(Span<byte> buffer)
    {
        var wanted = buffer[..(int)Math.Min(buffer.Length, length - _at)];
        wanted[FileReading.Read(fd, wanted, _at)..].Clear();
        _at += wanted.Length;
        return wanted.Length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
