using System.Text.Json;

namespace PodExecutor.Agent.Images.Registries;

/// <summary>How a manifest names what belongs to it: https://github.com/opencontainers/image-spec/blob/main/descriptor.md</summary>
internal sealed record Descriptor(string MediaType, string Digest, long Size)
{
    private const string Sha256 = "sha256:";

    /// <summary>Layers that their owner wants to be fetched from him alone (of Windows, mostly): docker does not push them either.</summary>
    public bool IsForeign => MediaType.Contains("nondistributable", StringComparison.Ordinal) || MediaType.Contains("foreign.diff", StringComparison.Ordinal);

    /// <summary>As docker shows it: twelve digits.</summary>
    public string Short => Digest[Sha256.Length..(Sha256.Length + 12)];

    /// <summary>It becomes a part of addresses and paths: nothing else may stand in it.</summary>
    public static bool IsDigest(string text) =>
        text.StartsWith(Sha256, StringComparison.Ordinal) && text.Length == Sha256.Length + 64 && text.Skip(Sha256.Length).All(char.IsAsciiHexDigitLower);

    /// <exception cref="JsonException">It is none; so KeyNotFoundException and InvalidOperationException.</exception>
    public static Descriptor Read(JsonElement json)
    {
        var digest = json.GetProperty("digest").GetString() ?? "";
        var size = json.GetProperty("size").GetInt64();
        return IsDigest(digest) && size >= 0
            ? new Descriptor(json.TryGetProperty("mediaType", out var type) ? type.GetString() ?? "" : "", digest, size)
            : throw new JsonException($"\"{digest}\" of {size} bytes is nothing that a registry keeps");
    }
}

/// <summary>What belongs to a manifest: the manifests of an index, or the blobs of an image.</summary>
/// <param name="Config">Null: of an index.</param>
internal sealed record ManifestContents(IReadOnlyList<Descriptor> Children, Descriptor? Config, IReadOnlyList<Descriptor> Layers)
{
    public bool IsIndex => Config is null;

    /// <exception cref="JsonException">It is neither image nor index; so KeyNotFoundException and InvalidOperationException.</exception>
    public static ManifestContents Read(Manifest manifest)
    {
        using var json = JsonDocument.Parse(manifest.Content);
        return json.RootElement.TryGetProperty("manifests", out var children)
            ? new ManifestContents([.. children.EnumerateArray().Select(Descriptor.Read)], null, [])
            : new ManifestContents([], Descriptor.Read(json.RootElement.GetProperty("config")), [.. json.RootElement.GetProperty("layers").EnumerateArray().Select(Descriptor.Read)]);
    }
}
