using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>A pack that is in the store already, or will be when the save is done.</summary>
internal sealed class StoredPack
{
    /// <summary>Empty until the pack is full: its content names it.</summary>
    public byte[] Sha256 { get; set; } = [];

    public long Size { get; set; }

    /// <summary>It was there before this save.</summary>
    public bool IsKnown { get; init; }

    /// <summary>Another key refers to it as well.</summary>
    public bool IsShared { get; set; }

    /// <summary>Nothing of it is to be reused: it is broken, or hardly anything of it is needed.</summary>
    public bool IsAvoided { get; set; }

    /// <summary>By ascending offset, of a pack that was there before.</summary>
    private List<StoredFrame> Frames { get; } = [];

    public PackName Name => new() { Sha256 = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(Sha256), Size = (ulong)Size };

    /// <summary>The frame of which a manifest tells.</summary>
    /// <returns>null if an earlier manifest told otherwise: one of them lies, and the pack is left alone.</returns>
    public StoredFrame? Known(Frame told)
    {
        var at = Frames.BinarySearch(new StoredFrame(this, (long)told.Offset, 0, 0, []), ByOffset);
        if (at >= 0)
        {
            var same = Frames[at];
            return same.Length == told.Length && same.ContentLength == told.ContentLength && told.Sha256.Span.SequenceEqual(same.Sha256) ? same : null;
        }

        at = ~at;
        var end = (long)told.Offset + told.Length;
        if (end > Size || (at > 0 && Frames[at - 1].Offset + Frames[at - 1].Length > (long)told.Offset) || (at < Frames.Count && Frames[at].Offset < end))
        {
            return null;
        }

        var frame = new StoredFrame(this, (long)told.Offset, (int)told.Length, (int)told.ContentLength, told.Sha256.ToByteArray());
        Frames.Insert(at, frame);
        return frame;
    }

    private static readonly Comparer<StoredFrame> ByOffset = Comparer<StoredFrame>.Create((a, b) => a.Offset.CompareTo(b.Offset));
}

/// <summary>A frame of a pack.</summary>
internal sealed class StoredFrame(StoredPack pack, long offset, int length, int contentLength, byte[] sha256)
{
    public StoredPack Pack { get; } = pack;

    public long Offset { get; } = offset;

    /// <summary>As stored.</summary>
    public int Length { get; } = length;

    public int ContentLength { get; } = contentLength;

    /// <summary>Of the bytes as stored.</summary>
    public byte[] Sha256 { get; } = sha256;
}

/// <summary>Where content is, or will be as soon as its frame is compressed.</summary>
/// <param name="offset">Within the frame's content.</param>
internal sealed class ContentPlace(int offset, int length)
{
    public int Offset { get; } = offset;

    public int Length { get; } = length;

    public StoredFrame? Frame { get; set; }
}
