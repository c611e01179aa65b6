namespace PodExecutor.Driver.Options;

/// <summary>All that the operator decides, from one TOML file. Keys keep the names of gitlab-runner's [runners.kubernetes].</summary>
internal sealed record ExecutorOptions(KubernetesOptions Kubernetes)
{
    /// <summary>Null: caches are left to the runner's own scripts.</summary>
    public CacheOptions? Cache { get; init; }
}

/// <summary>The [kubernetes] table.</summary>
internal sealed record KubernetesOptions
{
    /// <summary>A kubeconfig file; null: the pod's service account if we run in a pod, else the default kubeconfig.</summary>
    public string? Kubeconfig { get; init; }

    public string? Context { get; init; }

    public required string Namespace { get; init; }

    /// <summary>The image of jobs that name none; may hold variables of the job.</summary>
    public string? Image { get; init; }

    public required string HelperImage { get; init; }

    public string? PullPolicy { get; init; }

    public IReadOnlyList<string> ImagePullSecrets { get; init; } = [];

    public string? ServiceAccount { get; init; }

    public bool Privileged { get; init; }

    /// <summary>Of build and helper container; what the job writes is on volumes then.</summary>
    public bool ReadOnlyRootFilesystem { get; init; }

    public ResourceOptions BuildResources { get; init; } = new();

    public ResourceOptions HelperResources { get; init; } = new();

    public ResourceOptions ServiceResources { get; init; } = new();

    public IReadOnlyDictionary<string, string> NodeSelector { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<HostAliasOptions> HostAliases { get; init; } = [];

    public IReadOnlyList<VolumeOptions> Volumes { get; init; } = [];

    /// <summary>From the pod's creation until its containers run, image pulls included.</summary>
    public TimeSpan PollTimeout { get; init; }

    /// <summary>How long a passing trouble of cluster or network may last before it fails the job.</summary>
    public TimeSpan RetryBudget { get; init; }

    /// <summary>Between TERM and KILL of a stage's processes.</summary>
    public TimeSpan StopGrace { get; init; }

    /// <summary>Between TERM and KILL of the pod's containers after the job.</summary>
    public TimeSpan CleanupGrace { get; init; }

    /// <summary>One API request, streams aside.</summary>
    public TimeSpan RequestTimeout { get; init; }
}

/// <summary>Requests and limits of one kind of container; null leaves it to the cluster.</summary>
internal sealed record ResourceOptions(string? CpuLimit = null, string? CpuRequest = null, string? MemoryLimit = null, string? MemoryRequest = null);

internal sealed record HostAliasOptions(string Ip, IReadOnlyList<string> Hostnames);

internal enum VolumeKind
{
    Secret,
    ConfigMap,
    HostPath,
    EmptyDir,
}

/// <summary>A volume in every container of the job.</summary>
internal sealed record VolumeOptions(VolumeKind Kind, string Name, string MountPath)
{
    public string? SubPath { get; init; }

    public bool ReadOnly { get; init; }

    public string? HostPath { get; init; }

    public string? Medium { get; init; }

    public string? SizeLimit { get; init; }

    /// <summary>For secrets and config maps: key to file name; empty mounts all.</summary>
    public IReadOnlyDictionary<string, string> Items { get; init; } = new Dictionary<string, string>();
}
