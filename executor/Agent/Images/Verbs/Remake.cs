using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.Solving;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>
/// Builds an image again from its recipe, with another output: from the builder's cache, so it takes as long as the output does.
/// <list type="number">
/// <item>the first build's request, without what would make another image of it;</item>
/// <item>if its files may have been changed since: does it still give the same image? If not, nothing is put out;</item>
/// <item>the build with its new output.</item>
/// </list>
/// </summary>
internal sealed class Remake
{
    /// <summary>So many of the changed files are named.</summary>
    private const int Named = 5;

    /// <summary>Attributes of an image's exporter that say where it goes, not what it is.</summary>
    private static readonly string[] Destinations = ["name", "push", "push-by-digest", "store", "unpack", "dangling-name-prefix", "name-canonical", "registry.insecure"];

    private readonly Recipe _recipe;
    private readonly ImageContext _context;
    private readonly BuildRequest _request;
    private readonly IReadOnlyDictionary<string, string> _labels;
    private readonly SentFiles? _files;

    private Remake(Recipe recipe, VerbCall call)
    {
        // Step 1: a variable that was not set then is not set now
        (_recipe, _context) = (recipe, call.Context with { Name = recipe.Program, Directory = recipe.Directory });
        var first = new VerbCall(recipe.Program, recipe.Arguments, new ParsedFlags(recipe.Program), _context);
        var (request, flags) = BuildVerb.Read(first, recipe.Variables.GetValueOrDefault);
        _labels = BuildVerb.Labels(first, flags);
        _files = Files();
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
        var plan = Plan(again);
        if (_files?.Suspects(plan.Locals) is { Count: > 0 } suspects)
        {
            var trial = _request with { Progress = "quiet", Builder = again.Builder };
            if ((await new ImageBuilder(_context).SolveAsync(trial, Plan(trial), cancel)).Id is { } now && now != _recipe.Id)
            {
                throw Changed(suspects, now);
            }
        }

        // Step 3
        var outcome = await new ImageBuilder(_context).SolveAsync(again, plan, cancel);
        if (outcome.Id is { } id && id != _recipe.Id && outcome.Solve.ConfigDigest is not null)
        {
            // Say it, since nobody would look for it.
            _context.Warn($"The image is not the one that was built before: {id} instead of {_recipe.Id}. The builder has dropped its cache meanwhile, and the build does not give the same twice. To be sure, build with --push.");
        }

        return outcome;
    }

    private BuildPlan Plan(BuildRequest request) => new BuildPlanner(request, _recipe.Sources, _context.Variable).Decide(_labels) with { Files = _files };

    private static OutputRequest Undirected(OutputRequest output) =>
        output with { Attributes = output.Attributes.Where(a => !Destinations.Contains(a.Key)).ToDictionary(StringComparer.Ordinal) };

    private SentFiles? Files()
    {
        try
        {
            return _recipe.Files is { } list ? SentFiles.Read(list) : null;
        }
        catch (IOException e)
        {
            _context.Warn($"What the first build has sent cannot be read, so files that came since are sent as well: {e.Message}");
            return null;
        }
    }

    private ImageException Changed(IReadOnlyList<string> suspects, string now)
    {
        var names = string.Join(", ", suspects.Take(Named).Select(s => Path.GetRelativePath(_context.Directory, s)));
        var more = suspects.Count > Named ? $" and {suspects.Count - Named} more" : "";
        return new ImageException(
            $"The image {string.Join(", ", _recipe.Names.DefaultIfEmpty(_recipe.ShortId))} was built of files that have been changed since: {names}{more}. A build gives another image now ({now} instead of {_recipe.Id}), " +
            "so nothing is pushed or saved. This job keeps no image, only how to build it: push each image before its files are changed, or build with --push.");
    }
}
