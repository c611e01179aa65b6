namespace PodExecutor.BuildKit;

/// <summary>
/// What a daemon can do, from what it answers to Info and ListWorkers. Versions inside Docker are empty or "v0.0.0+unknown", so that
/// abilities are told by what is answered, not by numbers.
/// </summary>
public sealed record DaemonCapabilities
{
    /// <summary>As the daemon says it; null where it says nothing.</summary>
    public string? Version { get; init; }

    /// <summary>The daemon is the BuildKit inside a Docker daemon.</summary>
    public bool IsDocker { get; init; }

    /// <summary>BuildKit 0.11 and later: named contexts, attestations, warnings, source policies.</summary>
    public bool AnswersInfo { get; init; }

    /// <summary>BuildKit 0.13 and later: more than one export in one build.</summary>
    public bool SeveralExports { get; init; }

    /// <summary>The daemon stores and pushes images, and exports caches. Not so in a Docker daemon without the containerd image store.</summary>
    public bool ImageExports { get; init; }

    /// <summary>Named contexts (<c>context:NAME</c>) and everything else that came with Dockerfile 1.4.</summary>
    public bool NamedContexts => AnswersInfo;

    /// <summary>Caches of type "s3": BuildKit 0.11 and later, where it is not the one inside Docker (which has registry, local, inline and gha).</summary>
    public bool S3Caches => AnswersInfo && !IsDocker && !Workers.Any(w => w.Labels.Keys.Any(l => l.StartsWith(DockerLabels, StringComparison.Ordinal)));

    /// <summary>Only the worker inside a Docker daemon has such labels, also where it is reached through a proxy and looks like any other.</summary>
    private const string DockerLabels = "org.mobyproject.buildkit.worker.moby.";

    public IReadOnlyList<WorkerInfo> Workers { get; init; } = [];
}

/// <param name="Platforms">As "linux/amd64", "linux/arm/v7"; the first is the worker's own.</param>
/// <param name="Labels">Such as <c>org.mobyproject.buildkit.worker.snapshotter</c>.</param>
public sealed record WorkerInfo(string Id, IReadOnlyList<string> Platforms, IReadOnlyDictionary<string, string> Labels);
