using System.Text.Encodings.Web;
using System.Text.Json;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;

namespace PodExecutor.Agent.Images.Indexes;

/// <summary>What goes into an index: an image, or an index of several (of platforms, and of attestations to them).</summary>
/// <param name="Platforms">Of an image: its one. Of an index it counts for nothing, since its entries tell their own.</param>
/// <param name="Content">Null where nobody has it: then an index counts as one image.</param>
internal sealed record PartImage(IReadOnlyList<string> Platforms, string MediaType, string Digest, long Size, byte[]? Content)
{
    /// <summary>Entries that go with an image that was taken out of its index.</summary>
    public IReadOnlyList<IndexEntry> Attestations { get; init; } = [];
}

/// <summary>
/// The index over several images, byte for byte as one builder would have made it (exporter/containerimage/writer.go): the platforms in the order in
/// which they were asked for, then their attestations.
/// </summary>
internal static class JoinedImage
{
    private const string IndexAnnotation = "annotation-index.";
    private const string DescriptorAnnotation = "annotation-manifest-descriptor";
    private const string PlatformAnnotation = "annotation-manifest[";

    /// <summary>Is the attribute of an image exporter one of the index, and no builder's of a share?</summary>
    public static bool IsAnnotation(string attribute) =>
        attribute.StartsWith("annotation-index", StringComparison.Ordinal) || attribute.StartsWith(DescriptorAnnotation, StringComparison.Ordinal);

    /// <summary>"annotation-manifest[linux/arm64].key": its platform, and the same for all platforms. Null for other attributes.</summary>
    public static (string Platform, string General)? ManifestAnnotation(string attribute)
    {
        var end = attribute.IndexOf("].", StringComparison.Ordinal);
        return attribute.StartsWith(PlatformAnnotation, StringComparison.Ordinal) && end > 0
            ? (attribute[PlatformAnnotation.Length..end], PlatformAnnotation[..^1] + attribute[(end + 1)..])
            : null;
    }

    public static IReadOnlyList<ImageReference> NamesOf(OutputRequest exporter) =>
        [.. exporter.Attributes.GetValueOrDefault("name", "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ImageReference.Parse)];

    /// <param name="platforms">As they were asked for.</param>
    /// <param name="attributes">Of the image exporter: the index's annotations.</param>
    /// <exception cref="JsonException">A part is neither image nor index; so InvalidOperationException and KeyNotFoundException.</exception>
    public static Manifest Of(IReadOnlyList<string> platforms, IReadOnlyList<PartImage> parts, IReadOnlyDictionary<string, string> attributes)
    {
        // An image that comes twice, by two tags or once more, is there once.
        var entries = parts.SelectMany(Entries).DistinctBy(e => (e.Digest, e.Platform)).ToList();
        var images = entries.Where(e => !e.IsAttestation).OrderBy(e => Position(platforms, e.Platform)).ToList();
        var isDocker = entries.TrueForAll(e => e.MediaType == Manifest.DockerManifest);
        var mediaType = isDocker ? Manifest.DockerIndex : Manifest.OciIndex;
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion", 2);
            json.WriteString("mediaType", mediaType);
            json.WriteStartArray("manifests");
            foreach (var entry in images.Concat(entries.Where(e => e.IsAttestation)))
            {
                Write(json, entry, attributes);
            }

            json.WriteEndArray();
            Annotations(json, attributes.Where(a => a.Key.StartsWith(IndexAnnotation, StringComparison.Ordinal)).Select(a => KeyValuePair.Create(a.Key[IndexAnnotation.Length..], a.Value)));
            json.WriteEndObject();
        }

        return new Manifest(mediaType, buffer.ToArray());
    }

    /// <summary>The same image for another platform: its one, or the only one of an index that has an image and its attestations.</summary>
    /// <param name="change">Of the platform that it has.</param>
    /// <exception cref="ImageException">It has several.</exception>
    public static PartImage Annotated(PartImage part, Func<string, string> change)
    {
        var images = Entries(part).Where(e => !e.IsAttestation).ToList();
        return images is [var image]
            ? new PartImage([change(image.Platform)], image.MediaType, image.Digest, image.Size, null) { Attestations = [.. Entries(part).Where(e => e.IsAttestation)] }
            : throw new ImageException($"{part.Digest} is an index of {images.Count} images: no single platform can be set for it.", ImageExit.Usage);
    }

    /// <summary>What a builder would answer to the push of it.</summary>
    public static Dictionary<string, string> Response(Manifest index, IReadOnlyList<ImageReference> names)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("mediaType", index.MediaType);
            json.WriteString("digest", index.Digest);
            json.WriteNumber("size", index.Content.Length);
            json.WriteEndObject();
        }

        var response = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["containerimage.digest"] = index.Digest,
            ["containerimage.descriptor"] = Convert.ToBase64String(buffer.ToArray()),
        };
        if (names.Count > 0)
        {
            response["image.name"] = string.Join(',', names.Select(n => n.Full));
        }

        return response;
    }

    private static int Position(IReadOnlyList<string> platforms, string platform) =>
        platforms.Select((p, i) => (p, i)).Where(p => p.p == platform).Select(p => p.i).DefaultIfEmpty(platforms.Count).First();

    private static IEnumerable<IndexEntry> Entries(PartImage part)
    {
        using var document = part.Content is null ? null : JsonDocument.Parse(part.Content);
        return document?.RootElement.TryGetProperty("manifests", out var manifests) == true
            ? [.. manifests.EnumerateArray().Select(IndexEntry.Read)]
            : [new IndexEntry(part.MediaType, part.Digest, part.Size, part.Platforms[0], null, []), .. part.Attestations];
    }

    private static void Write(Utf8JsonWriter json, IndexEntry entry, IReadOnlyDictionary<string, string> attributes)
    {
        json.WriteStartObject();
        json.WriteString("mediaType", entry.MediaType);
        json.WriteString("digest", entry.Digest);
        json.WriteNumber("size", entry.Size);
        string[] asked = entry.IsAttestation ? [] : [DescriptorAnnotation + ".", $"{DescriptorAnnotation}[{entry.Platform}]."];
        Annotations(json, entry.Annotations.Concat(
            attributes.SelectMany(a => asked.Where(p => a.Key.StartsWith(p, StringComparison.Ordinal)).Select(p => KeyValuePair.Create(a.Key[p.Length..], a.Value)))));
        if (entry.PlatformJson is { } platform)
        {
            json.WritePropertyName("platform");
            platform.WriteTo(json);
        }
        else if (entry.Platform.Length > 0)
        {
            json.WritePropertyName("platform");
            WritePlatform(json, entry.Platform.Split('/'));
        }

        json.WriteEndObject();
    }

    private static void WritePlatform(Utf8JsonWriter json, string[] parts)
    {
        json.WriteStartObject();
        json.WriteString("architecture", parts[1]);
        json.WriteString("os", parts[0]);
        if (parts.Length > 2)
        {
            json.WriteString("variant", parts[2]);
        }

        json.WriteEndObject();
    }

    private static void Annotations(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, string>> annotations)
    {
        // The last one wins, and Go writes maps in the order of their keys.
        var sorted = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in annotations)
        {
            sorted[key] = value;
        }

        if (sorted.Count == 0)
        {
            return;
        }

        json.WriteStartObject("annotations");
        foreach (var (key, value) in sorted)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }
}
