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
    private const string Config = "application/vnd.docker.container.image.v1+json";
    private const string Layer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    private readonly LayoutFolder _layout = new(folder);
    private readonly Dictionary<string, (Descriptor Layer, string Content)> _layers = new(StringComparer.Ordinal);

    /// <exception cref="InvalidDataException">A part is not there, or not what the configuration says; so JsonException, KeyNotFoundException and InvalidOperationException.</exception>
    public async Task ConvertAsync(CancellationToken cancel)
    {
        using var images = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "manifest.json"), cancel));
        foreach (var image in images.RootElement.EnumerateArray())
        {
            var manifest = await ImageAsync(image, cancel);
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

    private async Task<Manifest> ImageAsync(JsonElement image, CancellationToken cancel)
    {
        var configuration = await File.ReadAllBytesAsync(Existing(image.GetProperty("Config").GetString()!), cancel);
        var config = await KeepAsync(new MemoryStream(configuration), Config, cancel);
        using var json = JsonDocument.Parse(configuration);
        var contents = json.RootElement.GetProperty("rootfs").GetProperty("diff_ids").EnumerateArray().Select(d => d.GetString()!).ToList();
        var files = image.GetProperty("Layers").EnumerateArray().Select(l => Existing(l.GetString()!)).ToList();
        if (files.Count != contents.Count)
        {
            throw new InvalidDataException($"it has {files.Count} layers, and its configuration {contents.Count}");
        }

        var layers = new JsonArray();
        foreach (var (file, content) in files.Zip(contents))
        {
            var layer = await LayerAsync(file, cancel);
            layers.Add((JsonNode)(layer.Content == content ? Json(layer.Layer) : throw new InvalidDataException($"{Path.GetRelativePath(folder, file)} is {layer.Content}, and its configuration says {content}")));
        }

        var manifest = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = Manifest.DockerManifest, ["config"] = Json(config), ["layers"] = layers };
        var bytes = Encoding.UTF8.GetBytes(manifest.ToJsonString());
        await KeepAsync(new MemoryStream(bytes), Manifest.DockerManifest, cancel);
        return new Manifest(Manifest.DockerManifest, bytes);
    }

    /// <summary>Compressed, unless it is already; with the digest of what is in it.</summary>
    private async Task<(Descriptor Layer, string Content)> LayerAsync(string file, CancellationToken cancel)
    {
        if (_layers.TryGetValue(file, out var known))
        {
            return known;
        }

        var part = file + ".gz";
        await using (var layer = File.OpenRead(file))
        {
            if (layer.ReadByte() == 0x1f && layer.ReadByte() == 0x8b)
            {
                part = file;
            }
            else
            {
                layer.Position = 0;
                await using var zip = new GZipStream(File.Create(part), CompressionLevel.Optimal);
                await layer.CopyToAsync(zip, cancel);
            }
        }

        // What will be unpacked is what counts, and a look at it finds a compression that failed as well.
        string content;
        await using (var unzipped = new GZipStream(File.OpenRead(part), CompressionMode.Decompress))
        {
            content = "sha256:" + Convert.ToHexStringLower(await System.Security.Cryptography.SHA256.HashDataAsync(unzipped, cancel));
        }

        await using (var packed = File.OpenRead(part))
        {
            known = (await KeepAsync(packed, Layer, cancel), content);
        }

        if (part != file)
        {
            File.Delete(part);
        }

        return _layers[file] = known;
    }

    private async Task<Descriptor> KeepAsync(Stream content, string mediaType, CancellationToken cancel)
    {
        var part = Path.Combine(folder, "blobs", "part");
        var written = await ImageArchive.WriteAsync(content, part, mediaType, cancel);
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
}
