using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job;

/// <summary>All that was decided about a job's pod, from request and options. <see cref="Pods.PodSpec"/> only writes it down.</summary>
internal sealed record JobPlan
{
    public required PreparedPod Pod { get; init; }

    public required ImagePlan Build { get; init; }

    public required ImagePlan Helper { get; init; }

    public required IReadOnlyList<ServicePlan> Services { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required IReadOnlyDictionary<string, string> Annotations { get; init; }

    /// <summary>The pod's life at most: what no cleanup reached dies by it.</summary>
    public required TimeSpan Deadline { get; init; }

    public required IReadOnlyList<RegistryLogin> Logins { get; init; }

    public required KubernetesOptions Options { get; init; }
}

/// <summary>How the agent becomes the build container's main process.</summary>
internal enum EntrypointUse
{
    /// <summary>The agent is started directly; the image's own entrypoint does not run (the built-in executor's default).</summary>
    Ignored,

    /// <summary>The entrypoint that the job names is started with the agent as its command, as docker would.</summary>
    Named,

    /// <summary>The image's own entrypoint is started likewise (FF_KUBERNETES_HONOR_ENTRYPOINT).</summary>
    OfImage,
}

/// <param name="PullPolicy">As Kubernetes spells it, or null for the cluster's default.</param>
internal sealed record ImagePlan(string Name, string? PullPolicy)
{
    public EntrypointUse EntrypointUse { get; init; }

    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    public ResourceOptions Resources { get; init; } = new();
}

/// <param name="Container">The container's name: the first alias that may be one, else svc-N.</param>
/// <param name="Hostnames">Everything the job may call the service by.</param>

internal sealed record ServicePlan(string Container, ImagePlan Image, IReadOnlyList<string> Hostnames)
{
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Its environment. Goes into a Secret that lives until the container has started.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();
}

/// <summary>A registry's login. Never printed: the record's own ToString is replaced.</summary>
internal sealed record RegistryLogin(string Registry, string Username, string Password)
{
    public override string ToString() => $"{Username} at {Registry}";
}
