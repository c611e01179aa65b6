using System.Security.Cryptography;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>A manifest or an index, as a registry keeps it: its bytes make its digest.</summary>
internal sealed record Manifest(string MediaType, byte[] Content)
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>"sha256:…"</summary>
    public string Digest { get; } = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Content));
}
