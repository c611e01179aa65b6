using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.Solving;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>Builds an image again from its recipe, with another output: from the builder's cache, so it takes as long as the output does.</summary>
internal static class Remake
{
    /// <param name="change">Sets the outputs; those of the first build are gone already.</param>
    public static async Task<BuildOutcome> RunAsync(Recipe recipe, VerbCall call, Func<BuildRequest, BuildRequest> change, CancellationToken cancel)
    {
        var context = call.Context with { Name = recipe.Program, Directory = recipe.Directory };
        var first = new VerbCall(recipe.Program, recipe.Arguments, new ParsedFlags(recipe.Program), context);
        var (request, flags) = BuildVerb.Read(first, name => recipe.Variables.GetValueOrDefault(name) ?? context.Variable(name));
        var again = change(request with { Outputs = [], Push = false, Load = false, CacheTo = [] });
        var plan = new BuildPlanner(again, recipe.Sources, context.Variable).Decide(BuildVerb.Labels(first, flags));
        var outcome = await new ImageBuilder(context).SolveAsync(again, plan, cancel);
        if (outcome.Id is { } id && id != recipe.Id && outcome.Solve.ConfigDigest is not null)
        {
            // The files were changed, or the builder's cache was dropped meanwhile: say it, since nobody would look for it.
            context.Warn($"The image is not the one that was built before: {id} instead of {recipe.Id}. Its files were changed since, or the builder has dropped its cache. To be sure, build with --push.");
        }

        return outcome;
    }
}
