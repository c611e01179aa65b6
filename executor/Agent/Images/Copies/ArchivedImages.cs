using System.Text.Json;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.BuildKit.Content;

namespace PodExecutor.Agent.Images.Copies;

/// <param name="Facts">Of what is there as a whole.</param>
/// <param name="Names">With registry and tag; none where the archive names none.</param>
internal sealed record ArchivedImage(ImageFacts Facts, IReadOnlyList<string> Names);

/// <summary>The images of an archive that was unpacked.</summary>
internal sealed class ArchivedImages(string folder)
{
    private readonly LayoutFolder _layout = new(folder);

    /// <param name="platform">Null: all that is there.</param>
    /// <exception cref="ImageException">It has no image for the platform.</exception>
    /// <exception cref="InvalidDataException">A part is not there; so TransferException, JsonException, KeyNotFoundException and InvalidOperationException.</exception>
    public async Task<IReadOnlyList<ArchivedImage>> ReadAsync(string? platform, CancellationToken cancel)
    {
        var tags = RepoTags();
        using var index = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "index.json")));
        var images = new List<ArchivedImage>();
        var entries = index.RootElement.GetProperty("manifests").EnumerateArray().Select(e => new Entry(Descriptor.Read(e).Digest, Name(e))).ToList();
        foreach (var digest in entries.Select(e => e.Digest).Distinct(StringComparer.Ordinal))
        {
            var facts = await ImageFacts.ReadAsync(_layout, Whole(_layout.Get(digest), platform), platform, cancel);
            var names = entries.Where(e => e.Digest == digest).Select(e => e.Name).OfType<string>().Concat(tags.GetValueOrDefault(facts.Id) ?? []);
            images.Add(new ArchivedImage(facts, [.. names.Select(n => ImageReference.Parse(n).Full).Distinct(StringComparer.Ordinal)]));
        }

        return images.Count > 0 ? images : throw new InvalidDataException("its index.json names no image");
    }

    /// <summary>As an archive has it: docker saves an index with the platforms alone that it has pulled, and then that one is what there is.</summary>
    private Manifest Whole(Manifest manifest, string? platform)
    {
        if (Missing(manifest) is not { } missing)
        {
            return manifest;
        }

        var there = new List<IndexEntry>();
        foreach (var entry in ManifestContents.Read(manifest).IsIndex ? ImageFacts.Entries(manifest) : [])
        {
            if (IsThere(new Descriptor(entry.MediaType, entry.Digest, entry.Size)) && Missing(_layout.Get(entry.Digest)) is null)
            {
                there.Add(entry);
            }
        }

        return ImageFacts.Choose(there, platform) is { } chosen ? _layout.Get(chosen.Digest) : throw new InvalidDataException($"it lacks {missing}");
    }

    /// <returns>The first part that is not there, or null.</returns>
    private string? Missing(Manifest manifest)
    {
        var contents = ManifestContents.Read(manifest);
        foreach (var part in contents.Children.Concat(contents.Layers.Where(l => !l.IsForeign)).Concat(contents.Config is { } config ? [config] : []))
        {
            if (!IsThere(part) || (contents.IsIndex && Missing(_layout.Get(part.Digest)) is not null))
            {
                return part.Digest;
            }
        }

        return null;
    }

    private bool IsThere(Descriptor part) => new FileInfo(_layout.At(part.Digest)) is { Exists: true } file && file.Length == part.Size;

    /// <summary>By the id of the image: what docker and its like write beside the layout.</summary>
    private Dictionary<string, IReadOnlyList<string>> RepoTags()
    {
        var tags = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var path = Path.Combine(folder, "manifest.json");
        if (File.Exists(path))
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            foreach (var image in json.RootElement.EnumerateArray())
            {
                tags["sha256:" + Path.GetFileNameWithoutExtension(image.GetProperty("Config").GetString())] = OldArchive.Names(image);
            }
        }

        return tags;
    }

    /// <summary>A whole name; a tag alone, as OCI has it, is none.</summary>
    private static string? Name(JsonElement entry) =>
        !entry.TryGetProperty("annotations", out var annotations) ? null
        : annotations.TryGetProperty(OciIndex.ImageAnnotation, out var image) ? image.GetString()
        : annotations.TryGetProperty(OciIndex.NameAnnotation, out var name) && name.GetString() is { } text && text.AsSpan().ContainsAny('/', ':') ? text : null;

    private sealed record Entry(string Digest, string? Name);
}
