using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>push of what was pulled or loaded: copied as it is, from registry to registry or from this pod. No builder takes part.</summary>
internal static class CopiedPush
{
    public static async Task RunAsync(VerbCall call, ParsedFlags flags, RecipeStore store, Recipe recipe, string name, CancellationToken cancel)
    {
        var (context, target) = (call.Context, ImageReference.Parse(name));
        if (target.Digest is not null)
        {
            // By --all-tags: a name with a digest is no tag.
            if (flags.IsSet("all-tags"))
            {
                return;
            }

            throw new ImageException($"{call.Command}: cannot push a digest reference: {name}. Give it a tag: {context.Name} tag {name} {target.Name}:TAG", ImageExit.Usage);
        }

        var origin = ImageOrigin.Parse(recipe.Origin!);
        var isQuiet = flags.IsSet("quiet");
        var log = isQuiet ? TextWriter.Null : context.Log;
        log.WriteLine($"The push refers to repository [{target.Name}]");
        using var images = new RegistryImages([target], call.Insecure(flags) || recipe.Arguments.Contains("--insecure-registry"), context with { Log = log });
        var manifest = await images.CopyAsync(origin, target, cancel);
        store.Change(name, r => r with { Pushed = new Dictionary<string, string>(r.Pushed) { [name] = manifest.Digest } });
        context.Output.WriteLine(isQuiet ? name : $"{target.Tag ?? "latest"}: digest: {manifest.Digest} size: {manifest.Content.Length}");
    }
}
