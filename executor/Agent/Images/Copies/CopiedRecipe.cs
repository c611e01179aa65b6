using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Recipes;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>The recipe of an image that was pulled or loaded: copied when it is pushed; for a builder it is a Dockerfile of one line.</summary>
internal static class CopiedRecipe
{
    private const string Loaded = "loaded";

    /// <param name="names">With registry and tag, or digest.</param>
    /// <param name="insecure">Its registry is spoken to over plain HTTP or with any certificate.</param>
    public static Recipe Of(ImageOrigin origin, ImageFacts facts, IReadOnlyList<string> names, bool insecure, RecipeStore store)
    {
        var folder = store.NewAttachments(Guid.NewGuid().ToString("N"));
        File.WriteAllText(Path.Combine(folder, "Dockerfile"), $"FROM {(origin.Folder is null ? origin.ToString() : Loaded)}\n");
        var layouts = new Dictionary<string, OciLayoutContext>(StringComparer.Ordinal);
        var arguments = new List<string>(insecure ? ["--insecure-registry", "."] : ["."]);
        if (origin.Folder is { } layout)
        {
            layouts[Loaded] = new OciLayoutContext(layout, "latest", origin.Digest);
            arguments.InsertRange(0, ["--build-context", $"{Loaded}=oci-layout://{layout}@{origin.Digest}"]);
        }

        // They are there already: here they are found.
        arguments.InsertRange(0, facts.LabelPairs.SelectMany(l => new[] { "--label", l }));
        return new Recipe
        {
            Id = facts.Id,
            Arguments = arguments,
            Directory = folder,
            Sources = new BuildSources(folder, null, folder, "Dockerfile") { NamedLayouts = layouts },
            Program = "docker",
            Created = facts.Created,
            Names = names,
            Pushed = origin.Folder is null ? names.ToDictionary(n => n, _ => facts.Manifest.Digest, StringComparer.Ordinal) : new Dictionary<string, string>(),
            Digest = facts.Manifest.Digest,
            Size = facts.Size,
            Platforms = facts.Platforms,
            Origin = origin.ToString(),
        };
    }
}
