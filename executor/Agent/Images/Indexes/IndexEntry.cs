using System.Text.Json;

namespace PodExecutor.Agent.Images.Indexes;

/// <summary>An entry of an index (https://github.com/opencontainers/image-spec/blob/main/image-index.md).</summary>
/// <param name="Platform">Empty: the index that it comes from does not tell it.</param>
/// <param name="PlatformJson">As the builder wrote it; null: made of the name.</param>
internal sealed record IndexEntry(
    string MediaType, string Digest, long Size, string Platform, JsonElement? PlatformJson, IReadOnlyList<KeyValuePair<string, string>> Annotations)
{
    private const string AttestationPlatform = "unknown/unknown";

    private static readonly string[] PlatformParts = ["os", "architecture", "variant"];

    public bool IsAttestation => Platform == AttestationPlatform;

    public static IndexEntry Read(JsonElement json)
    {
        JsonElement? platform = json.TryGetProperty("platform", out var found) ? found.Clone() : null;
        return new IndexEntry(
            json.GetProperty("mediaType").GetString()!,
            json.GetProperty("digest").GetString()!,
            json.GetProperty("size").GetInt64(),
            platform is { } p ? string.Join('/', PlatformParts.Select(n => p.TryGetProperty(n, out var value) ? value.GetString() : null).OfType<string>()) : "",
            platform,
            json.TryGetProperty("annotations", out var annotations) ? [.. annotations.EnumerateObject().Select(a => KeyValuePair.Create(a.Name, a.Value.GetString()!))] : []);
    }
}
