using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Progress;
using PodExecutor.Agent.Images.References;
using PodExecutor.Agent.Images.Solving;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>The last lines of a build that succeeded.</summary>
internal static class BuildSummary
{
    public static void Tell(ImageContext context, BuildRequest request, BuildPlan plan, BuildOutcome outcome, BuildSources sources, TimeSpan whole)
    {
        if (request.Progress is "quiet" or "none")
        {
            context.Output.WriteLine(outcome.Id ?? "");
            return;
        }

        if (request.Progress == "rawjson" || request.Call != "build")
        {
            return;
        }

        foreach (var warning in outcome.Trace.Warnings.OrderBy(w => w.Source?.FirstLine ?? 0))
        {
            context.Log.WriteLine($" - {warning.Short}{(warning.Source is { } source ? $" ({source.FileName}:{source.FirstLine})" : "")}");
        }

        var advice = TimeReport.ContextBytes(outcome.Trace) > TimeReport.LargeContext && sources.Directory is { } directory ? ContextAdvice.Of(directory) : null;
        foreach (var line in TimeReport.Lines(outcome.Trace, outcome.Waited, whole, advice))
        {
            context.Log.WriteLine(line);
        }

        Image(context, plan, outcome);
    }

    private static void Image(ImageContext context, BuildPlan plan, BuildOutcome outcome)
    {
        foreach (var name in plan.Names)
        {
            context.Log.WriteLine(plan.Pushes ? $"Pushed {name}@{outcome.Digest}" : $"Built {name} ({outcome.Id})");
        }

        if (plan.IsKept && outcome.Id is not null)
        {
            var name = plan.Names.Count > 0 ? ImageReference.Parse(plan.Names[0]).Familiar + ":" + ImageReference.Parse(plan.Names[0]).Tag : "NAME";
            context.Log.WriteLine($"It is in no registry yet: \"{(context.Name == "image-build" ? "docker" : context.Name)} push {name}\" sends it there, or build with --push.");
        }
    }
}
