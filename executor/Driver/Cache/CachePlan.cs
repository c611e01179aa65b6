using PodExecutor.Link.Cache;

namespace PodExecutor.Driver.Cache;

/// <summary>What was decided about the caches of one stage.</summary>
/// <param name="Items">In the job's order; empty: nothing is to be done in the pod.</param>
internal sealed record CachePlan(Direction Direction, string Workspace, CacheNames Names, IReadOnlyList<CacheItemPlan> Items)
{
    /// <summary>For the job log, before anything is done.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];

    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>How often a failed restore is begun, 1 to 10.</summary>
    public int Attempts { get; init; } = 1;

    /// <summary>zstd's level; 0: the agent's own.</summary>
    public uint Level { get; init; }

    /// <summary>For one cache.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(10);

    public string JobUrl { get; init; } = "";
}

/// <param name="Keys">In the order in which a restore tries them; a save uses the first.</param>
/// <param name="Paths">Relative to the workspace.</param>
internal sealed record CacheItemPlan(IReadOnlyList<CacheKey> Keys, IReadOnlyList<string> Paths, bool Untracked)
{
    public CacheKey Key => Keys[0];
}
