namespace PodExecutor.Driver.Options;

/// <summary>What the containers may do; null leaves it to the cluster or to what is set for all.</summary>
internal sealed record SecurityOptions
{
    public bool Privileged { get; init; }

    public bool? AllowPrivilegeEscalation { get; init; }

    /// <summary>Of build and helper container; what the job writes is on volumes then.</summary>
    public bool ReadOnlyRootFilesystem { get; init; }

    public IReadOnlyList<string> CapAdd { get; init; } = [];

    public IReadOnlyList<string> CapDrop { get; init; } = [];

    public PodSecurityOptions Pod { get; init; } = new();

    public ContainerSecurityOptions Build { get; init; } = new();

    public ContainerSecurityOptions Helper { get; init; } = new();

    public ContainerSecurityOptions Service { get; init; } = new();

    /// <summary>Numeric ids that a job may ask for; empty: any but 0.</summary>
    public IReadOnlyList<string> AllowedUsers { get; init; } = [];

    /// <inheritdoc cref="AllowedUsers"/>
    public IReadOnlyList<string> AllowedGroups { get; init; } = [];

    public bool UserNamespaces { get; init; }
}

internal sealed record PodSecurityOptions
{
    public long? FsGroup { get; init; }

    public long? RunAsUser { get; init; }

    public long? RunAsGroup { get; init; }

    public bool? RunAsNonRoot { get; init; }

    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];

    public string? SelinuxType { get; init; }

    public ProfileReference? Seccomp { get; init; }

    public ProfileReference? AppArmor { get; init; }
}

internal sealed record ContainerSecurityOptions
{
    public IReadOnlyList<string> CapAdd { get; init; } = [];

    public IReadOnlyList<string> CapDrop { get; init; } = [];

    public bool? Privileged { get; init; }

    public long? RunAsUser { get; init; }

    public long? RunAsGroup { get; init; }

    public bool? RunAsNonRoot { get; init; }

    public bool? ReadOnlyRootFilesystem { get; init; }

    public bool? AllowPrivilegeEscalation { get; init; }

    public string? SelinuxType { get; init; }

    public string? ProcMount { get; init; }

    public ProfileReference? Seccomp { get; init; }

    public ProfileReference? AppArmor { get; init; }
}

/// <summary>A seccomp or AppArmor profile: RuntimeDefault, Unconfined or Localhost.</summary>
internal sealed record ProfileReference(string Type, string? LocalhostProfile);
