using System.Text;
using System.Text.Json;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Registries;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>buildx imagetools: one index over images that several jobs have pushed, each for its platform. Nothing is built, and no builder takes part.</summary>
internal static class ImagetoolsVerbs
{
    private const string NoBuilder = "the registry is asked, no builder";

    public static async Task<int> CreateAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(
            new("tag", FlagKind.List, 't'), new("append", FlagKind.Switch), new("dry-run", FlagKind.Switch), new("annotation", FlagKind.List), new("prefer-index", FlagKind.Switch),
            new("file", FlagKind.List, 'f') { Refused = "name the images themselves" }, new("metadata-file"), new("platform", FlagKind.List) { Refused = "name the images of the platforms that are wanted" },
            new("progress") { Ignored = NoBuilder }, new("builder") { Ignored = NoBuilder });
        var names = flags.All("tag").Select(ImageReference.Parse).ToList();
        var sources = flags.AtLeastOne("IMAGE…").Select(ImageReference.Parse).ToList();
        if (names.Count == 0 && !flags.IsSet("dry-run"))
        {
            throw new ImageException($"{call.Command}: under which name? Add -t REGISTRY/PATH:TAG, or --dry-run to see the index.", ImageExit.Usage);
        }

        if (flags.IsSet("append"))
        {
            sources.InsertRange(0, names.Take(1));
        }

        SameRepository(call, names, sources);
        using var images = new RegistryImages(call.Insecure(flags), call.Context);
        var parts = new List<PartImage>();
        foreach (var source in sources)
        {
            parts.Add(await images.FindAsync(source, cancel));
        }

        var annotations = flags.All("annotation").SelectMany(AnnotationFlags.Parse).ToDictionary(AnnotationFlags.Attribute, a => a.Value, StringComparer.Ordinal);
        var index = parts is [{ Platforms.Count: 0, Content: { } whole } only] && annotations.Count == 0 ? new Manifest(only.MediaType, whole) : JoinedImage.Of([], parts, annotations);
        if (flags.IsSet("dry-run"))
        {
            call.Context.Output.WriteLine(Encoding.UTF8.GetString(index.Content));
            return ImageExit.Success;
        }

        foreach (var name in names)
        {
            await images.PutAsync(name, index, cancel);
            call.Context.Log.WriteLine($"Pushed {name.Full}@{index.Digest}");
        }

        return ImageExit.Success;
    }

    public static async Task<int> InspectAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(new("raw", FlagKind.Switch), new("format"), new("builder") { Ignored = NoBuilder }, new("verbose", FlagKind.Switch, 'v'), new("insecure", FlagKind.Switch));
        var name = ImageReference.Parse(flags.Exactly(1, "IMAGE")[0]);
        using var images = new RegistryImages(call.Insecure(flags) || flags.IsSet("insecure"), call.Context);
        var image = await images.FindAsync(name, cancel);
        if (flags.IsSet("raw") || call.Command.EndsWith("manifest inspect", StringComparison.Ordinal))
        {
            call.Context.Output.WriteLine(Encoding.UTF8.GetString(image.Content!));
            return ImageExit.Success;
        }

        if (flags.Last("format") is { } format)
        {
            call.Context.Output.WriteLine(GoTemplate.Expand(format, Fields(name, image)));
            return ImageExit.Success;
        }

        call.Context.Output.WriteLine($"Name:      {name.Full}\nMediaType: {image.MediaType}\nDigest:    {image.Digest}");
        foreach (var line in Entries(name, image))
        {
            call.Context.Output.WriteLine(line);
        }

        return ImageExit.Success;
    }

    /// <summary>An index can only name what is in its own repository.</summary>
    /// <exception cref="ImageException">A source is elsewhere.</exception>
    public static void SameRepository(VerbCall call, IReadOnlyList<ImageReference> names, IReadOnlyList<ImageReference> sources)
    {
        foreach (var name in names)
        {
            if (sources.FirstOrDefault(s => s.Name != name.Name) is { } foreign)
            {
                throw new ImageException(
                    $"{call.Command}: {foreign.Full} is in another repository than {name.Full}, and layers are not copied here. Let the jobs push to {name.Name}, or copy with skopeo or crane.", ImageExit.Usage);
            }
        }
    }

    private static Dictionary<string, string> Fields(ImageReference name, PartImage image) => new(StringComparer.Ordinal)
    {
        ["Name"] = name.Full,
        ["Manifest.Digest"] = image.Digest,
        ["Manifest.MediaType"] = image.MediaType,
        ["Manifest.Size"] = image.Size.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["json .Manifest"] = Described(image),
    };

    /// <summary>The manifest with its own digest and size, as buildx has it: scripts read the digest of it.</summary>
    private static string Described(PartImage image)
    {
        using var manifest = JsonDocument.Parse(image.Content!);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("digest", image.Digest);
            json.WriteNumber("size", image.Size);
            foreach (var property in manifest.RootElement.EnumerateObject())
            {
                property.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static IEnumerable<string> Entries(ImageReference name, PartImage image)
    {
        using var json = JsonDocument.Parse(image.Content!);
        if (!json.RootElement.TryGetProperty("manifests", out var manifests))
        {
            return [$"Platform:  {image.Platforms[0]}"];
        }

        return [.. manifests.EnumerateArray().Select(m => (Digest: m.GetProperty("digest").GetString(), Platform: m.TryGetProperty("platform", out var p) ? $"{p.GetProperty("os").GetString()}/{p.GetProperty("architecture").GetString()}" : "-"))
            .Select(m => $"  {name.Name}@{m.Digest}  {m.Platform}")];
    }
}
