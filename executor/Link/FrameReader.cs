using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace PodExecutor.Link;

/// <summary>Reads what <see cref="FrameWriter{TFrame}"/> writes. One reader at a time.</summary>
public sealed class FrameReader<TFrame>(Stream stream, MessageParser<TFrame> parser) : IDisposable
    where TFrame : IMessage<TFrame>
{
    // Several small frames often arrive in one read; a large one is completed in the same buffer.
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(2 * LinkProtocol.ChunkSize);
    private int _start;
    private int _end;

    /// <summary>The next frame, or null where the stream ends between two frames.</summary>
    /// <exception cref="LinkDamagedException">The bytes are no frame, or the stream ends within one.</exception>
    public async ValueTask<TFrame?> ReadAsync(CancellationToken cancel)
    {
        if (!await FillAsync(sizeof(int), cancel).ConfigureAwait(false))
        {
            return default;
        }

        var size = BinaryPrimitives.ReadInt32BigEndian(_buffer.AsSpan(_start));
        if (size is < 0 or > LinkProtocol.MaxFrame)
        {
            throw new LinkDamagedException($"The link announces a frame of {size} bytes; at most {LinkProtocol.MaxFrame} are sent.");
        }

        if (!await FillAsync(sizeof(int) + size, cancel).ConfigureAwait(false))
        {
            throw new LinkDamagedException("The link ended within a frame.");
        }

        return Take(size);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private TFrame Take(int size)
    {
        try
        {
            var frame = parser.ParseFrom(_buffer.AsSpan(_start + sizeof(int), size));
            _start += sizeof(int) + size;
            return frame;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new LinkDamagedException("The link carries bytes that are no frame.", e);
        }
    }

    /// <summary>Makes <paramref name="count"/> bytes available; false if the stream ends before the first of them.</summary>
    private async ValueTask<bool> FillAsync(int count, CancellationToken cancel)
    {
        if (_end - _start >= count)
        {
            return true;
        }

        MakeRoom(count);
        while (_end - _start < count)
        {
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancel).ConfigureAwait(false);
            if (read == 0)
            {
                return _end == _start ? false : throw new LinkDamagedException("The link ended within a frame.");
            }

            _end += read;
        }

        return true;
    }

    private void MakeRoom(int count)
    {
        var kept = _end - _start;
        var target = count > _buffer.Length ? ArrayPool<byte>.Shared.Rent(count) : _buffer;
        Buffer.BlockCopy(_buffer, _start, target, 0, kept);
        if (target != _buffer)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        _start = 0;
        _end = kept;
    }
}
