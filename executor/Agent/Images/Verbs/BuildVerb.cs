using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.Reports;
using PodExecutor.Agent.Images.Solving;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>
/// build. 1. read the command line; 2. find the files; 3. decide; 4. build; 5. keep the recipe; 6. write the files that were asked for; 7. tell the result.
/// </summary>
internal static class BuildVerb
{
    public static async Task<int> RunAsync(VerbCall call, CancellationToken cancel)
    {
        var context = call.Context;
        if (call.Arguments is ["-h"] || call.Arguments.TakeWhile(a => a != "--").Contains("--help"))
        {
            context.Output.WriteLine($"{call.Command} [FLAGS] CONTEXT\n\n  {string.Join("\n  ", BuildFlags.Table(call.Command).Names)}\n\nThey mean what docker's mean: see docs/images.md.");
            return ImageExit.Success;
        }

        // Step 1
        var begin = context.Time.GetTimestamp();
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        var (request, flags) = Read(call, name => Remembered(name, context, read));
        foreach (var note in Notes(flags, request, call))
        {
            context.Warn(note);
        }

        if (context.OutputIsTerminal && request.Outputs.Any(o => o.Destination == OutputFlags.Stdout))
        {
            throw new ImageException("The output would be written to a terminal. Name a file by dest=FILE, or redirect it.", ImageExit.Usage);
        }

        // Step 2
        SecretValues.Require(request.Secrets, context);
        var store = new RecipeStore(context.StateDirectory);
        var needsStdin = request.Context == "-" || request.File == "-";
        var sources = await BuildSources.FindAsync(request, context, needsStdin ? store.NewAttachments(Guid.NewGuid().ToString("N")) : "", cancel);

        // Step 3
        var plan = new BuildPlanner(request, sources, context.Variable).Decide(Labels(call, flags));
        plan = plan with { Record = new SyncRecord(store.NewRecord()) { MostCopies = plan.IsKept ? SyncRecord.DefaultCopies : 0 } };

        // Step 4
        if (request.Call != "build")
        {
            return await new ImageBuilder(context).AskAsync(request, plan, cancel);
        }

        var outcome = await new ImageBuilder(context).SolveAsync(request, plan, cancel);

        // Step 5
        if (outcome.Id is { } id)
        {
            store.Add(new Recipe
            {
                Id = id,
                Arguments = call.Arguments,
                Directory = context.Directory,
                Sources = sources,
                Record = plan.Record?.Folder,
                Program = context.Name,
                Variables = read,
                Created = context.Time.GetUtcNow(),
                Names = plan.Names,
                Pushed = plan.Pushes && outcome.Digest is { } digest ? plan.Names.ToDictionary(n => n, _ => digest, StringComparer.Ordinal) : new Dictionary<string, string>(),
                Digest = outcome.Digest,
                Size = ArchiveSize.Of(plan, outcome.Digest, context),
                Platforms = request.Platforms,
            });
        }

        // Step 6
        await new ResultFiles(request, sources, context).WriteAsync(plan, outcome, cancel);

        // Step 7
        BuildSummary.Tell(context, request, plan, outcome, sources, context.Time.GetElapsedTime(begin));
        return ImageExit.Success;
    }

    /// <summary>The request of a build's arguments.</summary>
    public static (BuildRequest Request, ParsedFlags Flags) Read(VerbCall call, Func<string, string?> variable)
    {
        var flags = BuildFlags.Table(call.Command).With(GlobalFlags.Everywhere).Parse(call.Arguments);
        var request = new BuildFlagReader(flags, variable).Read();
        var proxies = DockerConfig.Read(call.Context.DockerConfigPath).Proxies(call.Context.Given("DOCKER_HOST"));
        return (request with { Insecure = call.Insecure(flags), Proxies = proxies }, flags);
    }

    /// <summary>Only image-build labels by itself: docker and nerdctl make the image that they would make elsewhere.</summary>
    public static IReadOnlyDictionary<string, string> Labels(VerbCall call, ParsedFlags flags) =>
        call.Context.Name == "image-build" && !flags.IsSet("no-ci-labels") ? CiLabels.Of(call.Context.Variable) : new Dictionary<string, string>();

    private static string? Remembered(string name, ImageContext context, Dictionary<string, string> read)
    {
        var value = context.Variable(name);
        if (value is not null)
        {
            read[name] = value;
        }

        return value;
    }

    private static IEnumerable<string> Notes(ParsedFlags flags, BuildRequest request, VerbCall call)
    {
        foreach (var note in flags.Notes)
        {
            yield return note;
        }

        if (request.Load)
        {
            yield return $"--load: there is no local engine to load into. The image is kept as a recipe: \"{call.Context.Name} push NAME\" sends it to its registry, -o type=docker,dest=FILE.tar writes it to a file.";
        }

        if (request.Proxies.Any(p => p.Value.Contains('@', StringComparison.Ordinal)) && request.Attestations.Any(a => a.Key == "provenance" && !a.Value.Contains("mode=min", StringComparison.Ordinal)))
        {
            yield return "--provenance: unless mode=min, BuildKit writes all build arguments into the image's provenance, and so the login of the proxy in docker's config.json. Whoever can pull the image can read it.";
        }

        if (request.Progress == "tty")
        {
            yield return "--progress tty: a job log is no terminal; plain lines are printed.";
        }
    }
}
