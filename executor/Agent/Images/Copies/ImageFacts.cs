using System.Text.Json;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.Registries;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>What a job is told of an image that it has not built.</summary>
/// <param name="Manifest">What is copied: the image of the platform that was asked for, or else all that the name stands for.</param>
/// <param name="Image">The one image whose id it has.</param>
/// <param name="Id">Digest of that one's configuration.</param>
/// <param name="Size">Bytes of its layers.</param>
/// <param name="Platforms">All that are copied.</param>
internal sealed record ImageFacts(Manifest Manifest, Manifest Image, string Id, DateTimeOffset Created, long Size, IReadOnlyList<string> Platforms)
{
    /// <summary>"key=value".</summary>
    public IReadOnlyList<string> LabelPairs { get; init; } = [];

    private const string Default = "linux/amd64";

    private static readonly string[] PlatformParts = ["os", "architecture", "variant"];

    /// <param name="platform">Null: an index stays whole.</param>
    /// <exception cref="ImageException">It has no image for the platform.</exception>
    /// <exception cref="JsonException">It is neither image nor index; so KeyNotFoundException and InvalidOperationException.</exception>
    public static async Task<ImageFacts> ReadAsync(IImageSource source, Manifest manifest, string? platform, CancellationToken cancel)
    {
        var contents = ManifestContents.Read(manifest);
        if (contents.Config is { } config)
        {
            var facts = Read(manifest, contents, await source.GetBlobAsync(config.Digest, cancel));
            return platform is null || facts.Platforms.Count == 0 || Normal(facts.Platforms[0]) == Normal(platform) ? facts
                : throw new ImageException($"The image {manifest.Digest} was found but does not match the specified platform: wanted {platform}, actual: {facts.Platforms[0]}.");
        }

        var entries = Entries(manifest);
        var chosen = Choose(entries, platform)
            ?? throw new ImageException($"no matching manifest for {platform ?? Default} in the manifest list entries. It has {string.Join(", ", entries.Select(e => e.Platform).DefaultIfEmpty("none"))}.");
        var one = await ReadAsync(source, await source.GetAsync(chosen.Digest, cancel), null, cancel);
        return platform is not null ? one : one with { Manifest = manifest, Platforms = [.. entries.Select(e => e.Platform).Prepend(chosen.Platform).Distinct(StringComparer.Ordinal).Where(p => p.Length > 0)] };
    }

    /// <summary>The images of an index.</summary>
    public static IReadOnlyList<IndexEntry> Entries(Manifest index)
    {
        using var json = JsonDocument.Parse(index.Content);
        return [.. json.RootElement.GetProperty("manifests").EnumerateArray().Select(IndexEntry.Read).Where(e => !e.IsAttestation)];
    }

    /// <summary>That of the platform; without one the usual, or the first.</summary>
    public static IndexEntry? Choose(IReadOnlyList<IndexEntry> entries, string? platform) =>
        entries.FirstOrDefault(e => e.Platform.Length > 0 && Normal(e.Platform) == Normal(platform ?? Default)) ?? (platform is null && entries.Count > 0 ? entries[0] : null);

    private static ImageFacts Read(Manifest manifest, ManifestContents contents, byte[] configuration)
    {
        using var json = JsonDocument.Parse(configuration);
        var platform = string.Join('/', PlatformParts.Select(Text).OfType<string>());
        return new ImageFacts(
            manifest,
            manifest,
            contents.Config!.Digest,
            DateTimeOffset.TryParse(Text("created"), System.Globalization.CultureInfo.InvariantCulture, out var created) ? created : DateTimeOffset.UnixEpoch,
            contents.Layers.Sum(l => l.Size),
            platform.Length > 0 ? [platform] : [])
        {
            LabelPairs = json.RootElement.TryGetProperty("config", out var config) && config.TryGetProperty("Labels", out var labels) && labels.ValueKind == JsonValueKind.Object
                ? [.. labels.EnumerateObject().Select(l => $"{l.Name}={l.Value.GetString()}")] : [],
        };

        string? Text(string name) => json.RootElement.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text ? text : null;
    }

    private static string Normal(string platform) => Builds.Platforms.Normalize(platform);
}
