using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job;

/// <summary>All that was decided about a job's pod, from request and options. <see cref="Pods.PodSpec"/> only writes it down.</summary>
internal sealed record JobPlan
{
    public required PreparedPod Pod { get; init; }

    /// <summary>The pod's namespace is made for the job, and goes with it.</summary>
    public bool OwnsNamespace { get; init; }

    public required ImagePlan Build { get; init; }

    public required ImagePlan Helper { get; init; }

    public required IReadOnlyList<ServicePlan> Services { get; init; }

    public ResourceOptions PodResources { get; init; } = new();

    public string? ServiceAccount { get; init; }

    public PlacementPlan Placement { get; init; } = new(new Dictionary<string, string>(), []);

    public IReadOnlyList<VolumeOptions> Volumes { get; init; } = [];

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public required IReadOnlyDictionary<string, string> Annotations { get; init; }

    /// <summary>The pod's life at most: what no cleanup reached dies by it.</summary>
    public required TimeSpan Deadline { get; init; }

    public required IReadOnlyList<RegistryLogin> Logins { get; init; }

    /// <summary>What the job log should say about the decisions.</summary>
    public IReadOnlyList<string> Notices { get; init; } = [];

    /// <summary>The job's settings: [kubernetes], or the profile that it picked.</summary>
    public required KubernetesOptions Options { get; init; }

    /// <summary>A volume of the operator's lies on the builds directory, so other jobs may be in it.</summary>
    public bool SharesBuilds => Volumes.Any(v => v.MountPath.TrimEnd('/') == Pods.PodLayout.BuildsDirectory);

    /// <summary>The plan with the next pull policy of a container whose image could not be pulled, or null if there is none.</summary>
    public JobPlan? WithNextPullPolicy(string container)
    {
        if (Image(container) is not { } image || image.Attempt + 1 >= image.PullPolicies.Count)
        {
            return null;
        }

        var next = image with { Attempt = image.Attempt + 1 };
        return container switch
        {
            Stage.BuildContainer => this with { Build = next },
            Stage.HelperContainer => this with { Helper = next },
            _ => this with { Services = [.. Services.Select(s => s.Container == container ? s with { Image = next } : s)] },
        };
    }

    /// <summary>Null for a container that a patch has added.</summary>
    public ImagePlan? Image(string container) => container switch
    {
        Stage.BuildContainer => Build,
        Stage.HelperContainer => Helper,
        _ => Services.FirstOrDefault(s => s.Container == container)?.Image,
    };
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

/// <param name="PullPolicies">As Kubernetes spells them, tried in turn; empty for the cluster's default.</param>
internal sealed record ImagePlan(string Name, IReadOnlyList<string> PullPolicies)
{
    /// <summary>Which of the policies counts now.</summary>
    public int Attempt { get; init; }

    public string? PullPolicy => Attempt < PullPolicies.Count ? PullPolicies[Attempt] : null;

    public EntrypointUse EntrypointUse { get; init; }

    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    public ResourceOptions Resources { get; init; } = new();

    /// <summary>The user that the job asked for and may have.</summary>
    public UserPlan? User { get; init; }
}

/// <param name="Container">The container's name: the first alias that may be one, else svc-N.</param>
/// <param name="Hostnames">Everything the job may call the service by.</param>
internal sealed record ServicePlan(string Container, ImagePlan Image, IReadOnlyList<string> Hostnames)
{
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Its environment. Goes into a Secret that lives until the container has started.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>TCP ports on which it must listen before the script starts.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];
}

/// <summary>A registry's login. Never printed: the record's own ToString is replaced.</summary>
internal sealed record RegistryLogin(string Registry, string Username, string Password)
{
    public override string ToString() => $"{Username} at {Registry}";
}
