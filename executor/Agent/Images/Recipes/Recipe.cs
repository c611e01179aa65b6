using System.Text.Json.Serialization;

namespace PodExecutor.Agent.Images.Recipes;

/// <summary>
/// An image that this job has made, pulled or loaded: how, under which names, and what came out. There is no image store in a job's pod; a push builds again, and finds
/// everything in the builder's cache (docs/adr/0027).
/// </summary>
internal sealed record Recipe
{
    /// <summary>Digest of the image's configuration, which docker calls the image's id: "sha256:…". Of an index, its own digest.</summary>
    public required string Id { get; init; }

    /// <summary>The build's arguments, for the same program in the same folder.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    public required string Directory { get; init; }

    /// <summary>Where its files are; also those that came by stdin.</summary>
    public required Builds.BuildSources Sources { get; init; }

    /// <summary>A folder with what the builder was told of them (<see cref="BuildKit.SyncRecord"/>), or null.</summary>
    public string? Record { get; init; }

    /// <summary>image-build, docker or nerdctl: they differ in labels.</summary>
    public required string Program { get; init; }

    /// <summary>Values that the environment had then: --build-arg NAME without one.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    public required DateTimeOffset Created { get; init; }

    /// <summary>With registry and tag.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Names that were pushed, with the manifest's digest.</summary>
    public IReadOnlyDictionary<string, string> Pushed { get; init; } = new Dictionary<string, string>();

    /// <summary>The manifest's or index's digest, or null where the builder did not tell.</summary>
    public string? Digest { get; init; }

    /// <summary>Bytes of the compressed layers; 0: not told.</summary>
    public long Size { get; init; }

    public IReadOnlyList<string> Platforms { get; init; } = [];

    /// <summary>Where the image is that was pulled or loaded (ImageOrigin); null: it was built.</summary>
    public string? Origin { get; init; }

    /// <summary>As docker shows it: twelve digits.</summary>
    [JsonIgnore]
    public string ShortId => Id.StartsWith("sha256:", StringComparison.Ordinal) && Id.Length >= 19 ? Id[7..19] : Id;
}

internal sealed record RecipeList(IReadOnlyList<Recipe> Recipes);

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(RecipeList))]
internal sealed partial class RecipeJson : JsonSerializerContext;
