using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>A name that is to be saved.</summary>
/// <param name="path">Relative to the workspace.</param>
/// <param name="stat">As the walk found it.</param>
internal sealed class SavedEntry(byte[] path, FileStat stat)
{
    public byte[] Path { get; } = path;

    /// <summary>Of the content as it was read, if it was.</summary>
    public FileStat Stat { get; set; } = stat;

    /// <summary>Of a link of either kind, else null.</summary>
    public byte[]? Target { get; set; }

    /// <summary>By ascending offsets; a file's holes are left out.</summary>
    public SavedChunk[] Chunks { get; set; } = [];

    /// <summary>It is gone, or cannot be read.</summary>
    public bool IsLeftOut { get; set; }
}

/// <summary>A piece of a file's content.</summary>
/// <param name="Place">Where it is stored; null if it is a hole after all.</param>
internal readonly record struct SavedChunk(long FileOffset, int Length, ContentDigest Digest, ContentPlace? Place);
