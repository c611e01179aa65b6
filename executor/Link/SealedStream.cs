using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PodExecutor.Link;

/// <summary>
/// Encrypts a stream after <see cref="LinkHandshake"/>. A record is a big-endian 32-bit length, that many bytes of AES-256-GCM
/// ciphertext, and the 16-byte tag. Each direction has its own key; the nonce is the record's number, so a record that is dropped,
/// repeated, reordered or changed fails. One reader and one writer at a time; a canceled read or write leaves the stream unusable.
/// </summary>
public sealed class SealedStream : Stream
{
    private const int TagSize = 16;
    private const int HeaderSize = sizeof(int);

    /// <summary>A chunk of output with its frame fits into one record.</summary>
    private const int MaxRecord = LinkProtocol.ChunkSize + 1024;

    private readonly Stream _inner;
    private readonly AesGcm _sending;
    private readonly AesGcm _receiving;
    private readonly byte[] _sendNonce = new byte[12];
    private readonly byte[] _receiveNonce = new byte[12];
    private byte[] _buffer = [];
    private int _plainStart;
    private int _plainEnd;
    private int _end;
    private ulong _sent;
    private ulong _received;

    internal SealedStream(Stream inner, ReadOnlySpan<byte> sendKey, ReadOnlySpan<byte> receiveKey)
    {
        _inner = inner;
        _sending = new AesGcm(sendKey, TagSize);
        _receiving = new AesGcm(receiveKey, TagSize);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException("A link has no length.");

    public override long Position
    {
        get => throw new NotSupportedException("A link has no position.");
        set => throw new NotSupportedException("A link has no position.");
    }

    /// <exception cref="LinkDamagedException">A record was changed, or the stream ends within one.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_plainStart == _plainEnd)
        {
            if (!await NextRecordAsync(cancellationToken).ConfigureAwait(false))
            {
                return 0;
            }
        }

        var count = Math.Min(buffer.Length, _plainEnd - _plainStart);
        _buffer.AsSpan(_plainStart, count).CopyTo(buffer.Span);
        _plainStart += count;
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var part = buffer[..Math.Min(buffer.Length, MaxRecord)];
            var size = HeaderSize + part.Length + TagSize;
            var record = ArrayPool<byte>.Shared.Rent(size);
            try
            {
                Seal(part.Span, record);
                await _inner.WriteAsync(record.AsMemory(0, size), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(record);
            }

            buffer = buffer[part.Length..];
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => _inner.FlushAsync(cancellationToken);

    public override void Flush() => _inner.Flush();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A link is read asynchronously.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("A link is written asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A link cannot be sought.");

    public override void SetLength(long value) => throw new NotSupportedException("A link cannot be sought.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _sending.Dispose();
            _receiving.Dispose();
            _inner.Dispose();
            if (_buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = [];
            }
        }

        base.Dispose(disposing);
    }

    private void Seal(ReadOnlySpan<byte> plain, Span<byte> record)
    {
        BinaryPrimitives.WriteInt32BigEndian(record, plain.Length);
        BinaryPrimitives.WriteUInt64BigEndian(_sendNonce.AsSpan(4), _sent++);
        _sending.Encrypt(_sendNonce, plain, record.Slice(HeaderSize, plain.Length), record.Slice(HeaderSize + plain.Length, TagSize));
    }

    /// <summary>Decrypts the next record in place; false if the stream ends between two records.</summary>
    private async ValueTask<bool> NextRecordAsync(CancellationToken cancellationToken)
    {
        // Everything up to _plainEnd is consumed, and its tag with it.
        var start = _plainEnd == 0 ? 0 : _plainEnd + TagSize;
        if (_buffer.Length == 0)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(2 * (HeaderSize + MaxRecord + TagSize));
        }

        Buffer.BlockCopy(_buffer, start, _buffer, 0, _end - start);
        (_end, _plainStart, _plainEnd) = (_end - start, 0, 0);
        if (!await FillAsync(HeaderSize, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        var size = BinaryPrimitives.ReadInt32BigEndian(_buffer);
        if (size is < 0 or > MaxRecord)
        {
            throw new LinkDamagedException($"The link carries a record of {size} bytes; the limit is {MaxRecord}.");
        }

        await FillAsync(HeaderSize + size + TagSize, cancellationToken).ConfigureAwait(false);
        Unseal(size);
        (_plainStart, _plainEnd) = (HeaderSize, HeaderSize + size);
        return true;
    }

    private void Unseal(int size)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_receiveNonce.AsSpan(4), _received++);
        var text = _buffer.AsSpan(HeaderSize, size);
        try
        {
            _receiving.Decrypt(_receiveNonce, text, _buffer.AsSpan(HeaderSize + size, TagSize), text);
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new LinkDamagedException("A record of the link was changed on its way.", e);
        }
    }

    private async ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken)
    {
        while (_end < count)
        {
            var read = await _inner.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return _end == 0 ? false : throw new LinkDamagedException("The link ended within a record.");
            }

            _end += read;
        }

        return true;
    }
}
