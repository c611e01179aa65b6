using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.Solving;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>
/// Builds an image again from its recipe, with another output: from the builder's cache, so it takes as long as the output does.
/// <list type="number">
/// <item>the first build's request, without what would make another image of it;</item>
/// <item>the build with its new output, whose builder is told the same files as then: what came since is left out, and what was changed does not matter while the builder has it;</item>
/// <item>if it has not, and wants a file that was changed: do the files of today give the same image? If not, nothing is put out.</item>
/// </list>
/// </summary>
internal sealed class Remake
{
    /// <summary>Attributes of an image's exporter that say where it goes, not what it is.</summary>
    private static readonly string[] Destinations = ["name", "push", "push-by-digest", "store", "unpack", "dangling-name-prefix", "name-canonical", "registry.insecure"];

    private readonly Recipe _recipe;
    private readonly ImageContext _context;
    private readonly BuildRequest _request;
    private readonly IReadOnlyDictionary<string, string> _labels;

    private Remake(Recipe recipe, VerbCall call)
    {
        // Step 1: a variable that was not set then is not set now
        (_recipe, _context) = (recipe, call.Context with { Name = recipe.Program, Directory = recipe.Directory });
        var first = new VerbCall(recipe.Program, recipe.Arguments, new ParsedFlags(recipe.Program), _context);
        var (request, flags) = BuildVerb.Read(first, recipe.Variables.GetValueOrDefault);
        _labels = BuildVerb.Labels(first, flags);
        _request = request with
        {
            Outputs = [.. request.Outputs.Where(o => o.Type == "image").Take(1).Select(Undirected)],
            Push = false,
            Load = false,

            // They were followed then; now what they have made is wanted.
            NoCache = false,
            NoCacheStages = [],
            Pull = false,

            // The inline one is a part of the image.
            CacheTo = [.. request.CacheTo.Where(c => c.Type == "inline")],
        };
    }

    /// <param name="change">Sets the outputs; of those of the first build there is only the image's, without its name and destination.</param>
    /// <exception cref="ImageException">Its files were changed so that it would be another image.</exception>
    public static Task<BuildOutcome> RunAsync(Recipe recipe, VerbCall call, Func<BuildRequest, BuildRequest> change, CancellationToken cancel) =>
        new Remake(recipe, call).RunAsync(change, cancel);

    private async Task<BuildOutcome> RunAsync(Func<BuildRequest, BuildRequest> change, CancellationToken cancel)
    {
        // Step 2
        var again = change(_request);
        BuildOutcome outcome;
        try
        {
            outcome = await SolveAsync(again, _recipe.Record is { } folder ? new SyncRecord(folder) { Replays = true } : null, cancel);
        }
        catch (SyncRecordException e)
        {
            // Step 3
            var trial = await SolveAsync(_request with { Progress = "quiet", Builder = again.Builder }, null, cancel);
            outcome = trial.Id == _recipe.Id ? await SolveAsync(again, null, cancel) : throw Changed(e, trial.Id);
        }

        // An inline cache holds the times of its steps, which the builder tells otherwise once they come from its own cache: the same image has another id then.
        if (outcome.Id is { } id && id != _recipe.Id && outcome.Solve.ConfigDigest is not null && !BuildCaches.Exports(again, _context.Variable).Any(c => c.Type == "inline"))
        {
            // Say it, since nobody would look for it.
            _context.Warn($"The image is not the one that was built before: {id} instead of {_recipe.Id}. The builder has dropped its cache meanwhile, and the build does not give the same twice. To be sure, build with --push.");
        }

        return outcome;
    }

    private Task<BuildOutcome> SolveAsync(BuildRequest request, SyncRecord? record, CancellationToken cancel) =>
        new ImageBuilder(_context).SolveAsync(request, new BuildPlanner(request, _recipe.Sources, _context.Variable).Decide(_labels) with { Record = record }, cancel);

    private static OutputRequest Undirected(OutputRequest output) =>
        output with { Attributes = output.Attributes.Where(a => !Destinations.Contains(a.Key)).ToDictionary(StringComparer.Ordinal) };

    private ImageException Changed(SyncRecordException e, string? now) => new(
        $"The image {string.Join(", ", _recipe.Names.DefaultIfEmpty(_recipe.ShortId))} was built of files that have been changed since, among them {Path.GetRelativePath(_context.Directory, e.Path)}, and its builder " +
        $"does not have them any more. A build gives another image now ({now} instead of {_recipe.Id}), so nothing is pushed or saved. This job keeps no image, only how to build it: push each image " +
        "before its files are changed, or build with --push.",
        ImageExit.Failure,
        e);
}
