using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Recipes;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>save: an image of this job as an archive, into a file or to stdout.</summary>
internal static class SaveVerb
{
    public static async Task<int> RunAsync(VerbCall call, CancellationToken cancel)
    {
        var flags = call.Parse(new("output", FlagKind.Value, 'o'), new("platform", FlagKind.List), new("all-platforms", FlagKind.Switch));
        var name = flags.Exactly(1, "IMAGE")[0];
        var recipe = new RecipeStore(call.Context.StateDirectory).Find(name) ?? throw ImageVerbs.NotBuilt(name);
        if (recipe.Origin is not null)
        {
            return await CopiedSave.RunAsync(call, recipe, name, flags.Last("output"), cancel);
        }

        var destination = flags.Last("output") is { } file ? call.Context.At(file) : "-";

        // Docker's own archive holds one platform only.
        var type = recipe.Platforms.Count > 1 ? "oci" : "docker";
        await Remake.RunAsync(
            recipe, call, request => request with { Outputs = [new OutputRequest(type, new Dictionary<string, string>(), destination)], Tags = recipe.Names }, cancel);
        return ImageExit.Success;
    }
}
