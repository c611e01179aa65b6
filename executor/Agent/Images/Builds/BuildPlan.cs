namespace PodExecutor.Agent.Images.Builds;

/// <summary>A build as BuildKit takes it. Decided from request, sources and job; nothing of it is looked up any more.</summary>
internal sealed record BuildPlan
{
    /// <summary>Of the frontend dockerfile.v0.</summary>
    public required IReadOnlyDictionary<string, string> Attributes { get; init; }

    /// <summary>Folders of this pod by the name that the builder asks for.</summary>
    public required IReadOnlyDictionary<string, string> Locals { get; init; }

    /// <summary>Takes down what the builder is told of them, or tells it the same again.</summary>
    public BuildKit.SyncRecord? Record { get; init; }

    /// <summary>OCI layouts of this pod by the id that the builder asks for.</summary>
    public IReadOnlyDictionary<string, string> Layouts { get; init; } = new Dictionary<string, string>();

    /// <summary>Archives of this pod by the id under which the builder fetches them.</summary>
    public IReadOnlyDictionary<string, string> Uploads { get; init; } = new Dictionary<string, string>();

    public required IReadOnlyList<OutputRequest> Exporters { get; init; }

    public IReadOnlyList<TypedRequest> CacheImports { get; init; } = [];

    public IReadOnlyList<TypedRequest> CacheExports { get; init; } = [];

    public IReadOnlyList<SecretRequest> Secrets { get; init; } = [];

    public IReadOnlyList<SshRequest> Ssh { get; init; } = [];

    public IReadOnlyList<string> Entitlements { get; init; } = [];

    /// <summary>The image's names, with registry and tag.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Does an image go to a registry?</summary>
    public bool Pushes { get; init; }

    /// <summary>Nothing leaves the builder: the recipe is kept, so that `push` can make and push the image.</summary>
    public bool IsKept { get; init; }

    /// <summary>By which the builder finds the files that this project sent last time.</summary>
    public required string SharedKey { get; init; }
}
