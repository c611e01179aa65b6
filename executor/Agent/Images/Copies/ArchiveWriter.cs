using System.Formats.Tar;
using System.Text;
using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.BuildKit.Content;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>An image as an archive that docker, nerdctl, skopeo and `load` read: an OCI layout, byte for byte what the image is, with docker's manifest.json beside it.</summary>
internal sealed class ArchiveWriter(IImageSource source, Stream output, ImageContext context) : IAsyncDisposable
{
    private static readonly TimeSpan Stall = TimeSpan.FromMinutes(1);

    private readonly TarWriter _tar = new(output, TarEntryFormat.Pax, leaveOpen: true);
    private readonly HashSet<string> _done = new(StringComparer.Ordinal);
    private readonly RegistryTries _tries = new("Fetching a layer", context);

    /// <exception cref="Transfers.TransferException">A part is not there, or its registry not reached.</exception>
    public async Task WriteAsync(ImageFacts image, IReadOnlyList<string> names, CancellationToken cancel)
    {
        await ManifestAsync(image.Manifest, cancel);
        var references = names.Select(ImageReference.Parse).Where(n => n.Tag is not null).ToList();
        var entries = references.Select(n => Entry(image.Manifest, new JsonObject { [OciIndex.ImageAnnotation] = n.Full, [OciIndex.NameAnnotation] = n.Tag }));
        await FileAsync("index.json", Text(new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = Manifest.OciIndex, ["manifests"] = Array(entries.DefaultIfEmpty(Entry(image.Manifest, []))) }), cancel);
        await FileAsync("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray(), cancel);

        // Of the one image that docker before 25 can read.
        var layers = ManifestContents.Read(image.Image).Layers.Select(l => (JsonNode)Blob(l.Digest));
        var tags = references.Select(n => (JsonNode)$"{n.Familiar}:{n.Tag}");
        await FileAsync("manifest.json", Text(new JsonArray(new JsonObject { ["Config"] = Blob(image.Id), ["RepoTags"] = Array(tags), ["Layers"] = Array(layers) })), cancel);
    }

    public ValueTask DisposeAsync() => _tar.DisposeAsync();

    private async Task ManifestAsync(Manifest manifest, CancellationToken cancel)
    {
        var contents = ManifestContents.Read(manifest);
        foreach (var child in contents.Children.Where(c => _done.Add(c.Digest)))
        {
            await ManifestAsync(await source.GetAsync(child.Digest, cancel), cancel);
        }

        if (contents.Config is { } config)
        {
            foreach (var blob in contents.Layers.Append(config).Where(b => !b.IsForeign && _done.Add(b.Digest)))
            {
                await BlobAsync(blob, cancel);
            }
        }

        await FileAsync(Blob(manifest.Digest), manifest.Content, cancel);
    }

    /// <summary>By way of a file: what has gone into the archive cannot be tried again.</summary>
    private async Task BlobAsync(Descriptor blob, CancellationToken cancel)
    {
        await using var file = new FileStream(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N")), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        await _tries.RunAsync(
            async patience =>
            {
                file.SetLength(0);
                await using var content = new BlobStream(await source.OpenAsync(blob, patience.Token), blob, () => patience.Extend(Stall));
                await content.CopyToAsync(file, patience.Token);
                return "";
            },
            cancel);
        file.Position = 0;
        await EntryAsync(Blob(blob.Digest), file, cancel);
    }

    private Task FileAsync(string name, byte[] content, CancellationToken cancel) => EntryAsync(name, new MemoryStream(content), cancel);

    private Task EntryAsync(string name, Stream content, CancellationToken cancel) =>
        _tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = content, ModificationTime = DateTimeOffset.UnixEpoch }, cancel);

    private static JsonObject Entry(Manifest manifest, JsonObject annotations) =>
        new() { ["mediaType"] = manifest.MediaType, ["digest"] = manifest.Digest, ["size"] = manifest.Content.Length, ["annotations"] = annotations };

    private static JsonArray Array(IEnumerable<JsonNode> nodes) => new([.. nodes]);

    private static byte[] Text(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static string Blob(string digest) => "blobs/" + digest.Replace(':', '/');
}
