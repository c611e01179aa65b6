namespace PodExecutor.BuildKit;

/// <summary>One entry of a daemon's build cache.</summary>
/// <param name="Size">In bytes.</param>
/// <param name="Type">"regular", "source.local", "exec.cachemount", "frontend", "internal".</param>
public sealed record CacheRecord(
    string Id,
    string Description,
    string Type,
    long Size,
    bool InUse,
    bool Mutable,
    bool Shared,
    long UsageCount,
    DateTimeOffset? Created,
    DateTimeOffset? LastUsed,
    IReadOnlyList<string> Parents);

/// <summary>What of a daemon's cache may go.</summary>
public sealed record PruneRequest
{
    /// <summary>containerd's filter syntax, such as <c>type==exec.cachemount</c>; any of them.</summary>
    public IReadOnlyList<string> Filters { get; init; } = [];

    /// <summary>Also what is used internally and by frontends.</summary>
    public bool All { get; init; }

    /// <summary>What was used within this time stays.</summary>
    public TimeSpan Keep { get; init; }

    /// <summary>Bytes that always stay; 0: none.</summary>
    public long ReservedSpace { get; init; }

    /// <summary>Bytes that the cache may have at most; 0: no bound. BuildKit 0.17 and later.</summary>
    public long MaxUsedSpace { get; init; }

    /// <summary>Bytes that shall be free on the disk; 0: no bound. BuildKit 0.17 and later.</summary>
    public long MinFreeSpace { get; init; }
}
