using PodExecutor.Agent.Artifacts;
using PodExecutor.Cache;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>The content of one entry: exactly as long as the archive says, and with its checksum.</summary>
/// <param name="crc32">null where the format has none.</param>
internal sealed class CheckedStream(Stream content, long length, uint? crc32) : Stream
{
    private Crc32 _crc = Crc32.Start();
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="CacheDamagedException">The content is damaged, or of another length.</exception>
    public override int Read(Span<byte> buffer)
    {
        int count;
        try
        {
            count = content.Read(buffer);
        }
        catch (Exception e) when (ArchiveDamage.Is(e))
        {
            throw ArchiveDamage.Of(e);
        }

        _read += count;
        if (crc32 is not null)
        {
            _crc.Append(buffer[..count]);
        }

        if (_read > length || (count == 0 && !buffer.IsEmpty && (_read != length || (crc32 is { } expected && expected != _crc.Value))))
        {
            throw new CacheDamagedException("the archive is damaged (a file has another length or checksum).");
        }

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
            content.Dispose();
        }

        base.Dispose(disposing);
    }
}
