using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Copies;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>push of what was pulled or loaded: copied as it is, from registry to registry or from this pod. No builder takes part.</summary>
internal static class CopiedPush
{
    /// <param name="names">All of one repository.</param>
    /// <returns>Digest and bytes of its manifest or index.</returns>
    public static async Task<(string Digest, long Size)> RunAsync(
        VerbCall call, ParsedFlags flags, RecipeStore store, Recipe recipe, IReadOnlyList<string> names, CancellationToken cancel)
    {
        var context = call.Context;
        var targets = names.Select(ImageReference.Parse).ToList();
        if (targets.Exists(t => t.Digest is not null))
        {
            throw new ImageException($"{call.Command}: cannot push a digest reference: {names[0]}. Give it a tag: {context.Name} tag {names[0]} {targets[0].Name}:TAG", ImageExit.Usage);
        }

        var log = flags.IsSet("quiet") ? TextWriter.Null : context.Log;
        using var images = await RegistryImages.OpenAsync(targets, call.Insecure(flags) || recipe.Arguments.Contains("--insecure-registry"), context with { Log = log }, cancel);
        var manifest = await images.CopyAsync(ImageOrigin.Parse(recipe.Origin!), targets, cancel);
        store.Change(names[0], r => r with
        {
            Pushed = new Dictionary<string, string>([.. r.Pushed.Where(p => !names.Contains(p.Key)), .. names.Select(n => KeyValuePair.Create(n, manifest.Digest))]),
        });
        return (manifest.Digest, manifest.Content.Length);
    }
}
