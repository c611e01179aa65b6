using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Splitting;

/// <summary>One builder's share of a build for which no builder has all platforms. Pure.</summary>
internal static class PlatformPart
{
    /// <summary>What BuildKit itself calls a cache without a name.</summary>
    private const string CacheName = "buildkit";

    private const string PlatformSplit = "platform-split";

    private static readonly string[] Folders = ["src", "dest"];

    /// <param name="platforms">Of this share.</param>
    public static BuildPlan Of(BuildPlan plan, IReadOnlyList<string> platforms)
    {
        var suffix = string.Join('-', platforms.Select(p => p.Replace('/', '-')));
        return plan with
        {
            Attributes = new SortedDictionary<string, string>(plan.Attributes.ToDictionary(), StringComparer.Ordinal) { ["platform"] = string.Join(',', platforms) },
            Exporters = [.. plan.Exporters.Select(e => Exporter(e, platforms))],
            CacheExports = [.. plan.CacheExports.Select(c => Cache(c, suffix))],

            // Its own first; then what a builder with all platforms has left.
            CacheImports = [.. plan.CacheImports.Select(c => Cache(c, suffix)), .. plan.CacheImports],
        };
    }

    /// <summary>Can the outputs be put together of several builders' results? An archive cannot: its layers would have to pass through this pod.</summary>
    public static bool IsPossible(BuildPlan plan) => plan.Exporters.All(e => e.Type is "image" or "local");

    private static OutputRequest Exporter(OutputRequest output, IReadOnlyList<string> platforms) => output.Type switch
    {
        "image" => Image(output, platforms),

        // As one builder does it for several platforms: a folder for each.
        "local" when platforms.Count == 1 && output.Attributes.GetValueOrDefault(PlatformSplit) != "false" && output.Destination is { } folder =>
            output with { Destination = Path.Combine(folder, platforms[0].Replace('/', '_')), Attributes = output.Attributes.Where(a => a.Key != PlatformSplit).ToDictionary() },
        _ => output,
    };

    /// <summary>By digest and without tags: the tags are the index's, which is made when all shares are there, and so are its annotations.</summary>
    private static OutputRequest Image(OutputRequest output, IReadOnlyList<string> platforms)
    {
        var attributes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in output.Attributes.Where(a => !JoinedImage.IsAnnotation(a.Key)))
        {
            if (JoinedImage.ManifestAnnotation(name) is not { } annotation)
            {
                attributes[name] = value;
            }
            else if (platforms.Contains(annotation.Platform))
            {
                // Of a single platform's image BuildKit reads the general ones only.
                attributes[platforms.Count == 1 ? annotation.General : name] = value;
            }
        }

        if (output.Attributes.Keys.Any(JoinedImage.IsAnnotation))
        {
            // Docker's own types know no annotations: BuildKit, too, leaves them for these (exporter/containerimage/opts.go).
            attributes["oci-mediatypes"] = "true";
        }

        if (attributes.GetValueOrDefault("push") == "true")
        {
            attributes["push-by-digest"] = "true";

            // Nor is it named in the builder's own store, where two shares would meet if two builders are one.
            attributes["store"] = "false";
            attributes["name"] = string.Join(',', JoinedImage.NamesOf(output).Select(n => n.Name).Distinct(StringComparer.Ordinal));
        }

        return output with { Attributes = attributes };
    }

    /// <summary>Two builders that wrote one cache would each undo the other's.</summary>
    private static TypedRequest Cache(TypedRequest cache, string suffix)
    {
        var attributes = new SortedDictionary<string, string>(cache.Attributes.ToDictionary(), StringComparer.Ordinal);
        switch (cache.Type)
        {
            case "registry" when attributes.TryGetValue("ref", out var name):
                var image = ImageReference.Parse(name);
                attributes["ref"] = $"{image.Name}:{image.Tag ?? "latest"}-{suffix}";
                break;
            case "local":
                foreach (var key in Folders.Where(attributes.ContainsKey))
                {
                    attributes[key] = Path.Combine(attributes[key], suffix);
                }

                break;
            case "gha":
                attributes["scope"] = $"{attributes.GetValueOrDefault("scope", CacheName)}-{suffix}";
                break;
            case "s3" or "azblob":
                attributes["name"] = $"{attributes.GetValueOrDefault("name", CacheName)}-{suffix}";
                break;
            default:
                break;
        }

        return cache with { Attributes = attributes };
    }
}
