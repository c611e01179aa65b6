using ZstdSharp;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>One worker's frame that is being filled with content of many files, or a piece of a large one.</summary>
internal sealed class FrameCompressor(ContentIndex index, PackWriter packs, int level) : IDisposable
{
    /// <summary>
    /// Bytes of content: zstd gains little from more at its usual levels, and a restore that needs one file decompresses one frame.
    /// Measured in docs/adr/0017.
    /// </summary>
    public const int Capacity = 2 << 20;

    /// <summary>What zstd may need beyond the content.</summary>
    public const int Slack = 64 * 1024;

    private const int WorthClosing = Capacity * 3 / 4;

    private readonly Compressor _zstd = new(level);
    private readonly byte[] _content = GC.AllocateUninitializedArray<byte>(Capacity);
    private readonly byte[] _frame = GC.AllocateUninitializedArray<byte>(Capacity + Slack);
    private readonly List<ContentPlace> _places = [];
    private int _used;

    /// <summary>Where the next content of so many bytes is to be put; <see cref="Take"/> or nothing follows.</summary>
    public Memory<byte> Room(int length)
    {
        if (_used + length > Capacity)
        {
            Flush();
        }

        return _content.AsMemory(_used, length);
    }

    /// <summary>The content that was put there, if it is not known yet.</summary>
    /// <returns>Where it is or will be.</returns>
    public ContentPlace Take(int length, in ContentDigest digest)
    {
        if (index.Find(digest, length) is { } known)
        {
            return known;
        }

        var place = new ContentPlace(_used, length);
        var claimed = index.Claim(digest, place);
        if (claimed == place)
        {
            _places.Add(place);
            _used += length;
            if (_used >= WorthClosing)
            {
                Flush();
            }
        }

        return claimed;
    }

    public void Flush()
    {
        if (_used == 0)
        {
            return;
        }

        var length = _zstd.Wrap(_content.AsSpan(0, _used), _frame);
        var frame = packs.Add(_frame.AsSpan(0, length), _used);
        _places.ForEach(p => p.Frame = frame);
        _places.Clear();
        _used = 0;
    }

    public void Dispose() => _zstd.Dispose();
}
