namespace PodExecutor.Bench.Cluster;

/// <summary>
/// gitlab-runner 14.7.1's Kubernetes executor, measured once on a machine like the test machine (2 cores, this cluster, cached images).
/// It cannot be run beside us without a GitLab, so its numbers stand here.
/// </summary>
internal static class BuiltInExecutor
{
    /// <summary>`echo hi` with the exec strategy, its faster one: from picked to done, median of 8.</summary>
    public const double TrivialJobSeconds = 3.23;

    /// <summary>Of that job.</summary>
    public const double TrivialJobRequests = 15;

    /// <summary>A job that prints 100 MB in 1 million lines; its start is in it. Median of 8.</summary>
    public const double HundredMegabytesSeconds = 15.5;

    /// <summary>The runner's own, for that job.</summary>
    public const double HundredMegabytesCpuSeconds = 4.7;
}
