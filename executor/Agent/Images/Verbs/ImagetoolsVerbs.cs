using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Images.Reports;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>buildx imagetools: one index over images that several jobs have pushed, each for its platform, or a copy of one. What is elsewhere is copied first. Nothing is built, and no builder takes part.</summary>
internal static class ImagetoolsVerbs
{
    private const string NoBuilder = "the registry is asked, no builder";

    public static async Task<int> CreateAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(
            new("tag", FlagKind.List, 't'), new("append", FlagKind.Switch), new("dry-run", FlagKind.Switch), new("annotation", FlagKind.List), new("prefer-index", FlagKind.Switch), new("metadata-file"),
            new("file", FlagKind.List, 'f') { Refused = "name the images themselves" }, new("platform", FlagKind.List) { Refused = "name the images of the platforms that are wanted" },
            new("progress") { Ignored = NoBuilder }, new("builder") { Ignored = NoBuilder });
        var names = flags.All("tag").Select(t => Target(call, t)).ToList();
        var sources = flags.AtLeastOne("IMAGE…").Select(ImageReference.Parse).ToList();
        var annotations = Annotations(call, flags.All("annotation"));
        if (names.Count == 0 && !flags.IsSet("dry-run"))
        {
            throw new ImageException($"{call.Command}: under which name? Add -t REGISTRY/PATH:TAG, or --dry-run to see the index.", ImageExit.Usage);
        }

        if (flags.IsSet("append"))
        {
            sources.InsertRange(0, names.Take(1));
        }

        using var images = await RegistryImages.OpenAsync(flags.IsSet("dry-run") ? [] : names, call.Insecure(flags), call.Context, cancel);
        var parts = new List<PartImage>();
        foreach (var source in sources)
        {
            parts.Add(await images.FindAsync(source, cancel));
        }

        var isCopy = parts is [var only] && annotations.Count == 0 && (only.Platforms.Count == 0 || (flags.Has("prefer-index") && !flags.IsSet("prefer-index")));
        var index = isCopy ? new Manifest(parts[0].MediaType, parts[0].Content!) : JoinedImage.Of([], parts, annotations);
        if (flags.IsSet("dry-run"))
        {
            call.Context.Output.WriteLine(Encoding.UTF8.GetString(index.Content));
            return ImageExit.Success;
        }

        foreach (var name in names)
        {
            for (var i = 0; i < parts.Count; i++)
            {
                await images.BringAsync(sources[i], new Manifest(parts[i].MediaType, parts[i].Content!), name, isNamed: !isCopy, cancel);
            }

            await images.PutAsync(name, index, cancel);
            call.Context.Log.WriteLine($"Pushed {name.Full}@{index.Digest}");
        }

        await ResultFiles.WriteAsync(call.Context, "--metadata-file", flags.Last("metadata-file"), () => MetadataFile.Text(JoinedImage.Response(index, names)), cancel);
        return ImageExit.Success;
    }

    public static async Task<int> InspectAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(
            new("raw", FlagKind.Switch), new("format"), new("builder") { Ignored = NoBuilder }, new("insecure", FlagKind.Switch),
            new("verbose", FlagKind.Switch, 'v') { Refused = "the manifest itself is printed; its digest is that of `docker buildx imagetools inspect`" });
        var name = ImageReference.Parse(flags.Exactly(1, "IMAGE")[0]);
        using var images = await RegistryImages.OpenAsync([], call.Insecure(flags) || flags.IsSet("insecure"), call.Context, cancel);
        var image = await images.ManifestAsync(name, cancel);
        if (flags.IsSet("raw") || call.Command.EndsWith("manifest inspect", StringComparison.Ordinal))
        {
            call.Context.Output.WriteLine(Encoding.UTF8.GetString(image.Content));
        }
        else if (flags.Last("format") is { } format)
        {
            call.Context.Output.WriteLine(GoTemplate.Expand(format, Fields(name, image)));
        }
        else
        {
            call.Context.Output.WriteLine($"Name:      {name.Full}\nMediaType: {image.MediaType}\nDigest:    {image.Digest}");
            foreach (var line in Entries(name, image))
            {
                call.Context.Output.WriteLine(line);
            }
        }

        return ImageExit.Success;
    }

    /// <summary>A name that an index gets.</summary>
    /// <exception cref="ImageException">It has a digest.</exception>
    public static ImageReference Target(VerbCall call, string text) => ImageReference.Parse(text) is { Digest: null } name ? name
        : throw new ImageException($"{call.Command}: {text}: an index is pushed under a name and tag; its digest is what comes out.", ImageExit.Usage);

    /// <summary>--annotation: of the index, or of its descriptors of images. The images themselves are not made anew here.</summary>
    private static Dictionary<string, string> Annotations(VerbCall call, IReadOnlyList<string> texts)
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var annotation in texts.SelectMany(AnnotationFlags.Parse))
        {
            if (annotation.Level is not ("index" or "manifest-descriptor"))
            {
                throw new ImageException($"{call.Command} --annotation {annotation.Key}: only index:… and manifest-descriptor:… can be set here; others belong to the images, which are there already.", ImageExit.Usage);
            }

            annotations[AnnotationFlags.Attribute(annotation)] = annotation.Value;
        }

        return annotations;
    }

    /// <summary>The manifest with its own digest and size, as buildx has it: scripts read the digest of it.</summary>
    private static JsonObject Fields(ImageReference name, Manifest image)
    {
        var described = new JsonObject { ["digest"] = image.Digest, ["size"] = image.Content.Length };
        foreach (var (key, value) in JsonNode.Parse(image.Content)!.AsObject())
        {
            described[key] = value?.DeepClone();
        }

        described.TryAdd("mediaType", image.MediaType);
        return new JsonObject { ["Name"] = name.Full, ["Manifest"] = described };
    }

    private static IEnumerable<string> Entries(ImageReference name, Manifest image)
    {
        using var json = JsonDocument.Parse(image.Content);
        if (!json.RootElement.TryGetProperty("manifests", out var manifests))
        {
            return [];
        }

        return [.. manifests.EnumerateArray().Select(IndexEntry.Read).Select(e => $"  {name.Name}@{e.Digest}  {e.Platform}".TrimEnd())];
    }
}
