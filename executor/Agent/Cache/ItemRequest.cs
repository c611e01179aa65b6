using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache;

/// <summary>One item of a task, with what applies to all of them.</summary>
/// <param name="Workspace">Absolute, without a slash at its end.</param>
/// <param name="MaxBytes">Of files; 0: no limit.</param>
/// <param name="Workers">Threads that compress or decompress.</param>
internal sealed record ItemRequest(string Workspace, CacheItem Item, ulong MaxBytes, int Level, int Workers)
{
    public string Key => Item.Key;
}

internal enum CacheResult
{
    Restored,
    Missed,
    Saved,
    NothingToSave,
    Failed,
}

/// <summary>What became of an item.</summary>
/// <param name="Files">Files of the cache; directories and links do not count.</param>
/// <param name="StoredBytes">Sent or fetched, as stored, without the manifest.</param>
/// <param name="FilesRead">By a save.</param>
internal sealed record CacheOutcome(string Key, CacheResult Result, long Files = 0, long Bytes = 0, long StoredBytes = 0, long FilesRead = 0);
