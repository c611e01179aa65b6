using PodExecutor.Agent.Supervisor;

namespace PodExecutor.Agent.Cache;

/// <summary>What the work on a cache may touch besides the workspace: the edge makes it once, tests make their own.</summary>
/// <param name="Log">The job log: whole lines, for people.</param>
/// <param name="StateDirectory">Survives from the restore to the saves of one job; holds the record of what was restored.</param>
internal sealed record CacheContext(HttpClient Client, TextWriter Log, TimeProvider Time, string StateDirectory)
{
    /// <summary>Cores that may be used where the task does not say.</summary>
    public int Cores { get; init; } = Math.Max(1, Environment.ProcessorCount);

    public Transfer.TransferOptions Transfers { get; init; } = new();

    /// <summary>By the container's CPU limit.</summary>
    public static int CoresOf(Cgroup cgroup) =>
        cgroup.CpuLimit is > 0 and var limit ? Math.Clamp((int)Math.Ceiling(limit), 1, Environment.ProcessorCount) : Environment.ProcessorCount;
}
