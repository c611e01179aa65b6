namespace PodExecutor.BuildKit;

/// <summary>The options of a Dockerfile build by their meanings; <see cref="ToFrontendOptions"/> has the names that the frontend knows.</summary>
public sealed record DockerfileOptions
{
    /// <summary>The Dockerfile's path within the folder "dockerfile".</summary>
    public string? FileName { get; init; }

    /// <summary>The stage that is wanted; null: the last one.</summary>
    public string? Target { get; init; }

    /// <summary>"linux/amd64", "linux/arm64"; several make an index. Empty: the daemon's own.</summary>
    public IReadOnlyList<string> Platforms { get; init; } = [];

    public IReadOnlyDictionary<string, string> BuildArgs { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Nothing is taken from the cache.</summary>
    public bool NoCache { get; init; }

    /// <summary>Stages that are not taken from the cache.</summary>
    public IReadOnlyList<string> NoCacheStages { get; init; } = [];

    /// <summary>Base images are looked up in their registries even where the daemon has them.</summary>
    public bool Pull { get; init; }

    /// <summary>A git or http address as main context, instead of the folder "context".</summary>
    public string? ContextAddress { get; init; }

    /// <summary>A folder within <see cref="ContextAddress"/>.</summary>
    public string? ContextSubdirectory { get; init; }

    /// <summary>
    /// Contexts by name (an image's name, a stage's or any other): <c>docker-image://REF</c>, <c>oci-layout://NAME@sha256:…</c>,
    /// <c>local:FOLDER-NAME</c>, git or http address.
    /// </summary>
    public IReadOnlyDictionary<string, string> NamedContexts { get; init; } = new Dictionary<string, string>();

    /// <summary>"host=ip" lines for /etc/hosts.</summary>
    public IReadOnlyList<string> AddHosts { get; init; } = [];

    /// <summary>"host" (needs the entitlement network.host), "none"; null: the daemon's network.</summary>
    public string? NetworkMode { get; init; }

    /// <summary>Size of /dev/shm in bytes.</summary>
    public long? ShmSize { get; init; }

    /// <summary>"nofile=1024:1024".</summary>
    public IReadOnlyList<string> Ulimits { get; init; } = [];

    public string? CgroupParent { get; init; }

    public string? HostName { get; init; }

    /// <summary>Attestations by kind ("provenance", "sbom") with their options ("mode=max"); a kind that is left out is not made.</summary>
    public IReadOnlyDictionary<string, string> Attestations { get; init; } = new Dictionary<string, string>();

    /// <summary>"frontend.lint", "frontend.outline", "frontend.targets": asked instead of built.</summary>
    public string? Subrequest { get; init; }

    /// <summary>Cache mounts of builds with different namespaces do not see each other's files.</summary>
    public string? CacheMountNamespace { get; init; }

    /// <summary>Further options by the frontend's own names; they win.</summary>
    public IReadOnlyDictionary<string, string> Other { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> ToFrontendOptions()
    {
        var options = new Dictionary<string, string>();
        Add("filename", FileName);
        Add("target", Target);
        Add("platform", Join(Platforms));
        Add("no-cache", NoCache ? "" : Join(NoCacheStages));
        Add("image-resolve-mode", Pull ? "pull" : null);
        Add("context", ContextAddress);
        Add("contextsubdir", ContextSubdirectory);
        Add("add-hosts", Join(AddHosts));
        Add("force-network-mode", NetworkMode);
        Add("shm-size", ShmSize?.ToString());
        Add("ulimit", Join(Ulimits));
        Add("cgroup-parent", CgroupParent);
        Add("hostname", HostName);
        Add("requestid", Subrequest);
        Add("build-arg:BUILDKIT_CACHE_MOUNT_NS", CacheMountNamespace);
        AddAll("build-arg:", BuildArgs);
        AddAll("label:", Labels);
        AddAll("context:", NamedContexts);
        AddAll("attest:", Attestations);
        AddAll("", Other);
        return options;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                options[name] = value;
            }
        }

        void AddAll(string prefix, IReadOnlyDictionary<string, string> values)
        {
            foreach (var (name, value) in values)
            {
                options[prefix + name] = value;
            }
        }
    }

    private static string? Join(IReadOnlyList<string> values) => values.Count == 0 ? null : string.Join(',', values);
}
