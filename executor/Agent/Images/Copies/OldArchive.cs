using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.BuildKit.Content;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>
/// The archive of docker before 25, and of kaniko, jib and others: manifest.json names a configuration and layers, mostly uncompressed. Brought into an OCI layout in its
/// folder, with the manifest that docker would have pushed.
/// </summary>
internal sealed class OldArchive(string folder)
{
    private const string ConfigType = "application/vnd.docker.container.image.v1+json";
    private const string LayerType = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    private readonly LayoutFolder _layout = new(folder);
    private readonly Dictionary<string, Layer> _layers = new(StringComparer.Ordinal);

    /// <exception cref="InvalidDataException">A part is not there, or not what the configuration says; so JsonException, KeyNotFoundException and InvalidOperationException.</exception>
    public async Task ConvertAsync(CancellationToken cancel)
    {
        using var images = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "manifest.json")));
        foreach (var image in images.RootElement.EnumerateArray())
        {
            var manifest = Image(image, cancel);
            var names = Names(image).Select(ImageReference.Parse).Select(n => (n.Tag ?? "latest", (string?)n.Full)).ToList();
            var descriptor = Json(new Descriptor(Manifest.DockerManifest, manifest.Digest, manifest.Content.Length));
            await OciIndex.PutAsync(folder, descriptor, names.Count > 0 ? names : [(manifest.Digest["sha256:".Length..], null)], cancel);
        }

        // They are blobs by now.
        foreach (var file in _layers.Keys)
        {
            File.Delete(file);
        }
    }

    /// <summary>RepoTags, which may be null.</summary>
    public static IReadOnlyList<string> Names(JsonElement image) =>
        image.TryGetProperty("RepoTags", out var tags) && tags.ValueKind == JsonValueKind.Array ? [.. tags.EnumerateArray().Select(t => t.GetString()!)] : [];

    private Manifest Image(JsonElement image, CancellationToken cancel)
    {
        var configuration = File.ReadAllBytes(Existing(image.GetProperty("Config").GetString()!));
        using var json = JsonDocument.Parse(configuration);
        var contents = json.RootElement.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray().Select(d => d.GetString()!).ToList();
        var files = image.GetProperty("Layers").EnumerateArray().Select(l => Existing(l.GetString()!)).ToList();
        if (files.Count != contents.Count)
        {
            throw new InvalidDataException($"it has {files.Count} layers, and its configuration {contents.Count}");
        }

        var layers = new JsonArray();
        for (var i = 0; i < files.Count; i++)
        {
            var layer = LayerOf(files[i], cancel);
            layers.Add((JsonNode)(layer.Content == contents[i] ? Json(layer.Blob)
                : throw new InvalidDataException($"{Path.GetRelativePath(folder, files[i])} is {layer.Content}, and its configuration says {contents[i]}")));
        }

        var config = Keep(new MemoryStream(configuration), ConfigType, cancel);
        var manifest = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = Manifest.DockerManifest, ["config"] = Json(config), ["layers"] = layers };
        var bytes = Encoding.UTF8.GetBytes(manifest.ToJsonString());
        Keep(new MemoryStream(bytes), Manifest.DockerManifest, cancel);
        return new Manifest(Manifest.DockerManifest, bytes);
    }

    /// <summary>Compressed, unless it is already.</summary>
    private Layer LayerOf(string file, CancellationToken cancel)
    {
        if (_layers.TryGetValue(file, out var known))
        {
            return known;
        }

        var packed = file;
        using (var layer = File.OpenRead(file))
        {
            if (layer.ReadByte() != 0x1f || layer.ReadByte() != 0x8b)
            {
                packed = file + ".gz";
                layer.Position = 0;
                using var zip = new GZipStream(File.Create(packed), CompressionLevel.Optimal);
                ImageArchive.Copy(layer, zip, "", cancel);
            }
        }

        // What will be unpacked is what counts.
        using (var unpacked = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress))
        using (var blob = File.OpenRead(packed))
        {
            known = new Layer(Keep(blob, LayerType, cancel), ImageArchive.Copy(unpacked, Stream.Null, "", cancel).Digest);
        }

        if (packed != file)
        {
            File.Delete(packed);
        }

        return _layers[file] = known;
    }

    private Descriptor Keep(Stream content, string mediaType, CancellationToken cancel)
    {
        var part = Path.Combine(folder, "part");
        Descriptor written;
        using (var file = File.Create(part))
        {
            written = ImageArchive.Copy(content, file, mediaType, cancel);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(_layout.At(written.Digest))!);
        File.Move(part, _layout.At(written.Digest), overwrite: true);
        return written;
    }

    private string Existing(string name)
    {
        var path = ImageArchive.Inside(folder, name);
        var file = new FileInfo(path);
        return file.Exists ? file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path : throw new InvalidDataException($"it lacks {name}");
    }

    private static JsonObject Json(Descriptor descriptor) => new() { ["mediaType"] = descriptor.MediaType, ["size"] = descriptor.Size, ["digest"] = descriptor.Digest };

    /// <param name="Content">Digest of what is in it, uncompressed.</param>
    private sealed record Layer(Descriptor Blob, string Content);
}
