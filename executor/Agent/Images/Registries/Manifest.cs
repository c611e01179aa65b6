using System.Security.Cryptography;
using System.Text.Json;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>A manifest or an index, as a registry keeps it: its bytes make its digest.</summary>
internal sealed record Manifest(string MediaType, byte[] Content)
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <param name="header">What the registry calls it. What it calls itself goes before: some registries send no type, or a general one.</param>
    public static Manifest Of(string? header, byte[] content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            var own = json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("mediaType", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;
            return new Manifest(own ?? header ?? "", content);
        }
        catch (JsonException)
        {
            // Who looks into it will say so.
            return new Manifest(header ?? "", content);
        }
    }

    /// <summary>"sha256:…"</summary>
    public string Digest { get; } = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Content));
}
