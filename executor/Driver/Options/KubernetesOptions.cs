using System.Text.RegularExpressions;
using k8s.Models;

namespace PodExecutor.Driver.Options;

/// <summary>The [kubernetes] table. What each key means stands where it is read: the files in Tables/.</summary>
internal sealed record KubernetesOptions
{
    public ConnectionOptions Connection { get; init; } = new();

    /// <summary>A kubeconfig file; null: the pod's service account if we run in a pod, else the default kubeconfig.</summary>
    public string? Kubeconfig { get; init; }

    public string? Context { get; init; }

    public required string Namespace { get; init; }

    public bool NamespacePerJob { get; init; }

    /// <summary>The image of jobs that name none; may hold variables of the job.</summary>
    public string? Image { get; init; }

    public required string HelperImage { get; init; }

    public IReadOnlyList<string> AllowedImages { get; init; } = [];

    public IReadOnlyList<string> AllowedServices { get; init; } = [];

    /// <summary>GitLab's words, tried in turn; empty: the cluster's default.</summary>
    public IReadOnlyList<string> PullPolicies { get; init; } = [];

    public IReadOnlyList<string> AllowedPullPolicies { get; init; } = [];

    public IReadOnlyList<string> ImagePullSecrets { get; init; } = [];

    /// <summary>No pull secret on the pod, so that the service account's apply.</summary>
    public bool UseServiceAccountPullSecrets { get; init; }

    public ResourceOptions BuildResources { get; init; } = new();

    public ResourceOptions HelperResources { get; init; } = new();

    public ResourceOptions ServiceResources { get; init; } = new();

    public ResourceOptions PodResources { get; init; } = new();

    public OverwriteOptions Overwrites { get; init; } = new();

    /// <summary>Services of every job, beside its own.</summary>
    public IReadOnlyList<ServiceOptions> Services { get; init; } = [];

    public TimeSpan ServicesTimeout { get; init; }

    public bool ServicesAsSidecars { get; init; }

    public IReadOnlyList<VolumeOptions> Volumes { get; init; } = [];

    public SecurityOptions Security { get; init; } = new();

    public bool Privileged => Security.Privileged;

    public string? ServiceAccount { get; init; }

    public bool AutomountServiceAccountToken { get; init; }

    public SchedulingOptions Scheduling { get; init; } = new();

    public IReadOnlyDictionary<string, string> NodeSelector { get; init; } = new Dictionary<string, string>();

    /// <summary>"key=value", "key" or "" to the taint's effect, which may be empty.</summary>
    public IReadOnlyDictionary<string, string> NodeTolerations { get; init; } = new Dictionary<string, string>();

    public string? DnsPolicy { get; init; }

    public V1PodDNSConfig? DnsConfig { get; init; }

    public IReadOnlyList<HostAliasOptions> HostAliases { get; init; } = [];

    public IReadOnlyDictionary<string, string> PodLabels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> PodAnnotations { get; init; } = new Dictionary<string, string>();

    public V1Lifecycle? BuildLifecycle { get; init; }

    public IReadOnlyList<PodPatchOptions> PodPatches { get; init; } = [];

    public bool PrintPodWarningEvents { get; init; } = true;

    /// <summary>From the pod's creation until its containers run, image pulls included.</summary>
    public TimeSpan PollTimeout { get; init; }

    /// <summary>How long a passing trouble of cluster or network may last before it fails the job.</summary>
    public TimeSpan RetryBudget { get; init; }

    /// <summary>Between TERM and KILL of a stage's processes.</summary>
    public TimeSpan StopGrace { get; init; }

    /// <summary>Between TERM and KILL of the pod's containers after the job.</summary>
    public TimeSpan CleanupGrace { get; init; }

    /// <summary>Likewise, when somebody else ends the pod.</summary>
    public TimeSpan TerminationGrace { get; init; }

    public TimeSpan CleanupTimeout { get; init; }

    /// <summary>One API request, streams aside.</summary>
    public TimeSpan RequestTimeout { get; init; }
}

/// <summary>An API server by address instead of by kubeconfig. Never printed: it holds a token.</summary>
internal sealed record ConnectionOptions
{
    public string? Host { get; init; }

    public string? CertFile { get; init; }

    public string? KeyFile { get; init; }

    public string? CaFile { get; init; }

    public string? BearerToken { get; init; }

    public override string ToString() => $"{Host}";
}

/// <summary>How far a job's KUBERNETES_ variables may go; null or empty: the variable counts for nothing.</summary>
internal sealed record OverwriteOptions
{
    public Regex? Namespace { get; init; }

    public Regex? ServiceAccount { get; init; }

    public Regex? NodeSelector { get; init; }

    public Regex? NodeTolerations { get; init; }

    public Regex? PodLabels { get; init; }

    public Regex? PodAnnotations { get; init; }

    public ResourceOptions Build { get; init; } = new();

    public ResourceOptions Helper { get; init; } = new();

    public ResourceOptions Service { get; init; } = new();

    public ResourceOptions Pod { get; init; } = new();
}

internal sealed record SchedulingOptions
{
    public V1Affinity? Affinity { get; init; }

    public string? PriorityClass { get; init; }

    public string? Scheduler { get; init; }

    public string? RuntimeClass { get; init; }

    public bool DisruptionBudget { get; init; }
}

/// <summary>A service of the operator's.</summary>
internal sealed record ServiceOptions(string Name, string? Alias)
{
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>"NAME=value".</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];
}

internal sealed record HostAliasOptions(string Ip, IReadOnlyList<string> Hostnames);
