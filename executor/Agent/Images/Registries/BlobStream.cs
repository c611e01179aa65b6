using System.Security.Cryptography;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>A blob on its way: whoever reads it to its end has got what its descriptor names, or an exception.</summary>
/// <param name="moved">Called for each piece.</param>
internal sealed class BlobStream(Stream inner, Descriptor blob, Action moved) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _count;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => blob.Size;

    public override long Position
    {
        get => _count;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Seen(buffer.AsSpan(offset, count), inner.Read(buffer, offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        return Seen(buffer.Span, count);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        inner.Dispose();
        base.Dispose(disposing);
    }

    private int Seen(ReadOnlySpan<byte> buffer, int count)
    {
        moved();
        _count += count;
        if (count > 0)
        {
            _hash.AppendData(buffer[..count]);
        }

        // The last piece must not be handed on before it is known to be right: who takes it takes the whole.
        if (_count > blob.Size || (count == 0 && _count < blob.Size) || (_count == blob.Size && count > 0 && "sha256:" + Convert.ToHexStringLower(_hash.GetCurrentHash()) != blob.Digest))
        {
            throw new InvalidDataException($"what came under {blob.Digest} ({blob.Size} bytes) is something else");
        }

        return count;
    }
}
