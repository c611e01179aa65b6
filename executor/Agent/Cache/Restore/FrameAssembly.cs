using Google.Protobuf;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>A frame as stored, whole.</summary>
/// <param name="Bytes">A buffer that begins with it.</param>
internal sealed record FrameReady(PlannedFrame Planned, byte[] Bytes, ByteString Pack);

/// <summary>Cuts what comes from a connection into frames.</summary>
/// <param name="frames">What comes, by ascending offset; between them may be bytes that nobody needs.</param>
internal sealed class FrameAssembly(IReadOnlyList<PlannedFrame> frames, FrameBuffers buffers, Action<FrameReady> ready)
{
    private long _at = (long)frames[0].Frame.Offset;
    private int _next;
    private byte[]? _bytes;

    public async ValueTask AddAsync(ReadOnlyMemory<byte> piece, CancellationToken cancel)
    {
        while (!piece.IsEmpty && _next < frames.Count)
        {
            var frame = frames[_next].Frame;
            var begin = (long)frame.Offset;
            if (_at < begin)
            {
                var over = (int)Math.Min(begin - _at, piece.Length);
                (_at, piece) = (_at + over, piece[over..]);
                continue;
            }

            _bytes ??= await buffers.RentAsync(cancel);
            var have = (int)(_at - begin);
            var count = Math.Min((int)frame.Length - have, piece.Length);
            piece.Span[..count].CopyTo(_bytes.AsSpan(have));
            (_at, piece) = (_at + count, piece[count..]);
            if (have + count == frame.Length)
            {
                var whole = new FrameReady(frames[_next++], _bytes, ByteString.Empty);
                _bytes = null;
                ready(whole);
            }
        }
    }

    /// <summary>No more will come.</summary>
    public void Abandon()
    {
        if (_bytes is not null)
        {
            buffers.Return(_bytes);
            _bytes = null;
        }
    }
}
