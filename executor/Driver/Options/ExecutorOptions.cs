namespace PodExecutor.Driver.Options;

/// <summary>All that the operator decides, from one TOML file: a property for each of its tables.</summary>
internal sealed record ExecutorOptions
{
    public required KubernetesOptions Kubernetes { get; init; }

    /// <summary>Null: caches are left to the runner's own scripts.</summary>
    public CacheOptions? Cache { get; init; }

    /// <summary>Where images are built.</summary>
    public IReadOnlyList<BuilderOptions> Builders { get; init; } = [];

    /// <summary>What jobs may do there.</summary>
    public BuilderPolicyOptions Builder { get; init; } = new();

    /// <summary>Other settings that a job may pick by name.</summary>
    public IReadOnlyDictionary<string, ProfileOptions> Profiles { get; init; } = new Dictionary<string, ProfileOptions>();
}
