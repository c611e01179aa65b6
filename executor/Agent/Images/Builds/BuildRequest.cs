namespace PodExecutor.Agent.Images.Builds;

/// <summary>What a build's command line asks for. Given: nothing is looked up yet but build-args and secrets that name a variable.</summary>
internal sealed record BuildRequest
{
    /// <summary>A folder, a git or http address, or "-" for stdin.</summary>
    public required string Context { get; init; }

    /// <summary>As given; "-" is stdin.</summary>
    public string? File { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? Target { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> BuildArguments { get; init; } = [];

    /// <summary>Of docker's configuration, as build arguments. Not kept in a recipe: they may hold a password.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Proxies { get; init; } = [];

    /// <summary>Name to folder, image or address, as --build-context spells it.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Contexts { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    public IReadOnlyList<AnnotationRequest> Annotations { get; init; } = [];

    public IReadOnlyList<string> Platforms { get; init; } = [];

    public IReadOnlyList<SecretRequest> Secrets { get; init; } = [];

    public IReadOnlyList<SshRequest> Ssh { get; init; } = [];

    public IReadOnlyList<TypedRequest> CacheFrom { get; init; } = [];

    public IReadOnlyList<TypedRequest> CacheTo { get; init; } = [];

    public bool NoCache { get; init; }

    public IReadOnlyList<string> NoCacheStages { get; init; } = [];

    public bool Pull { get; init; }

    public IReadOnlyList<OutputRequest> Outputs { get; init; } = [];

    public bool Push { get; init; }

    public bool Load { get; init; }

    /// <summary>Kind ("provenance", "sbom") to its parameters, as the builder reads them.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Attestations { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Hosts { get; init; } = [];

    public string? Network { get; init; }

    public IReadOnlyList<string> Entitlements { get; init; } = [];

    public IReadOnlyList<string> Ulimits { get; init; } = [];

    public long? SharedMemory { get; init; }

    public string? CgroupParent { get; init; }

    /// <summary>An address or a name that the command line picks; the gateway decides.</summary>
    public string? Builder { get; init; }

    public bool Insecure { get; init; }

    public string Progress { get; init; } = "auto";

    public string? MetadataFile { get; init; }

    public string? IdFile { get; init; }

    public string? DotenvFile { get; init; }

    public string? CodeQualityFile { get; init; }

    /// <summary>"build", "check", "outline" or "targets".</summary>
    public string Call { get; init; } = "build";
}

/// <summary>--cache-from, --cache-to: a type and its attributes.</summary>
internal sealed record TypedRequest(string Type, IReadOnlyDictionary<string, string> Attributes);

/// <param name="Destination">Folder or file for local, tar, oci and docker; "-" is stdout; null where the builder keeps or pushes it.</param>
internal sealed record OutputRequest(string Type, IReadOnlyDictionary<string, string> Attributes, string? Destination);

/// <summary>A secret by variable or by file; its value is read when the builder asks for it.</summary>
/// <param name="IsGuess">The command line names neither: the file need not be there.</param>
internal sealed record SecretRequest(string Id, string? Variable, string? File, bool IsGuess = false);

/// <param name="Paths">Sockets or key files; empty: the agent at SSH_AUTH_SOCK.</param>
internal sealed record SshRequest(string Id, IReadOnlyList<string> Paths);

/// <param name="Level">manifest, index, manifest-descriptor or index-descriptor.</param>
/// <param name="Platform">Only for this platform, or null for all.</param>
internal sealed record AnnotationRequest(string Level, string? Platform, string Key, string Value);
