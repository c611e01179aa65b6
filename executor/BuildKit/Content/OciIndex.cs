using System.Text.Json;
using System.Text.Json.Nodes;

namespace PodExecutor.BuildKit.Content;

/// <summary>The table of contents of an OCI layout, which its writer keeps: <c>index.json</c>, beside the marker file <c>oci-layout</c>.</summary>
internal static class OciIndex
{
    public const string NameAnnotation = "org.opencontainers.image.ref.name";
    public const string ImageAnnotation = "io.containerd.image.name";

    private const string FileName = "index.json";
    private const string IndexType = "application/vnd.oci.image.index.v1+json";

    /// <returns>null: no such name, or no index.</returns>
    public static async Task<string?> FindAsync(string folder, string tag, CancellationToken cancellation) =>
        (await ReadAsync(folder, cancellation).ConfigureAwait(false))?["manifests"]?.AsArray()
            .FirstOrDefault(entry => (string?)entry?["annotations"]?[NameAnnotation] == tag)?["digest"]?.GetValue<string>();

    /// <summary>Adds a descriptor under its names; an entry that had one of them loses it.</summary>
    public static async Task PutAsync(string folder, JsonObject descriptor, IEnumerable<(string Tag, string? Image)> names, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        var index = await ReadAsync(folder, cancellation).ConfigureAwait(false)
            ?? new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = IndexType, ["manifests"] = new JsonArray() };
        if (index["manifests"] is not JsonArray manifests)
        {
            manifests = [];
            index["manifests"] = manifests;
        }

        foreach (var (tag, image) in names)
        {
            foreach (var old in manifests.Where(entry => HasName(entry, tag, image)).ToArray())
            {
                manifests.Remove(old);
            }

            var entry = descriptor.DeepClone().AsObject();
            if (entry["annotations"] is not JsonObject annotations)
            {
                annotations = [];
                entry["annotations"] = annotations;
            }

            annotations[NameAnnotation] = tag;
            if (image is not null)
            {
                annotations[ImageAnnotation] = image;
            }

            manifests.Add((JsonNode)entry);
        }

        await WriteAsync(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""", cancellation).ConfigureAwait(false);
        await WriteAsync(Path.Combine(folder, FileName), index.ToJsonString(), cancellation).ConfigureAwait(false);
    }

    private static bool HasName(JsonNode? entry, string tag, string? image) =>
        (string?)entry?["annotations"]?[NameAnnotation] == tag && (string?)entry?["annotations"]?[ImageAnnotation] == image;

    private static async Task<JsonObject?> ReadAsync(string folder, CancellationToken cancellation)
    {
        try
        {
            return JsonNode.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, FileName), cancellation).ConfigureAwait(false)) as JsonObject;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException error)
        {
            throw new LocalFileException(folder, $"{Path.Combine(folder, FileName)} is no OCI index: {error.Message}", error);
        }
    }

    private static async Task WriteAsync(string path, string text, CancellationToken cancellation)
    {
        var part = path + ".part";
        await File.WriteAllTextAsync(part, text, cancellation).ConfigureAwait(false);
        File.Move(part, path, overwrite: true);
    }
}
