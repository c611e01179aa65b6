using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.Progress;
using PodExecutor.Agent.Images.Splitting;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Solving;

/// <param name="Share">The platforms for which it is one of several runs of a build; null: it is the whole build.</param>
internal sealed record BuilderRunRequest(BuildPlan Plan, IReadOnlyList<string> Platforms, string? Wanted, string? Share);

/// <param name="Solve">Null if no builder has all platforms.</param>
/// <param name="Split">How they are to be divided, then.</param>
internal sealed record BuilderRunOutcome(SolveOutcome? Solve, BuilderChoice? Builder, BuilderSplit? Split);

/// <summary>The build itself failed, on its builder.</summary>
/// <param name="registriesAsked">Those that the builder wanted a login for.</param>
internal sealed class RunFailedException(BuildFailedException failure, BuildTrace trace, IReadOnlyList<string> registriesAsked) : Exception(failure.Message, failure)
{
    public BuildFailedException Failure => failure;

    public BuildTrace Trace => trace;

    public IReadOnlyList<string> RegistriesAsked => registriesAsked;
}

/// <summary>A build on one builder: on the one that is chosen for it, and once more on another if that one goes away.</summary>
internal sealed class BuilderRun(BuilderRunRequest run, ProgressBoard board, LoginBook book, ImageContext context)
{
    /// <summary>A build that breaks that many builders is itself the trouble.</summary>
    private const int MaxBuilders = 3;

    private readonly JobRegistryAuth _auth = new(book);

    /// <summary>What the last builder has told.</summary>
    public BuildTrace Trace { get; private set; } = new();

    /// <exception cref="RunFailedException">The build failed.</exception>
    /// <exception cref="ImageException">There is no builder for it, or it asks for what the builder cannot do.</exception>
    public async Task<BuilderRunOutcome> RunAsync(CancellationToken cancel)
    {
        var finder = new BuilderFinder(context);
        var wish = new BuilderWish(run.Plan.SharedKey, run.Platforms, run.Wanted, MaySplit: run.Share is null && PlatformPart.IsPossible(run.Plan));
        var failed = new List<string>();
        while (true)
        {
            var answer = await finder.FindAsync(wish, failed, cancel);
            if (answer.Choice is not { } choice)
            {
                return new BuilderRunOutcome(null, null, answer.Split);
            }

            try
            {
                return new BuilderRunOutcome(await SolveOnAsync(choice, cancel), choice, null);
            }
            catch (BuildKitException e) when (e is DaemonUnreachableException or SessionLostException && !cancel.IsCancellationRequested)
            {
                failed.Add(choice.Name);
                if (failed.Count == MaxBuilders)
                {
                    throw new ImageException($"{failed.Count} builders went away during this build, the last with: {e.Message}", ImageExit.Builder, e);
                }

                context.Warn($"The builder {choice.Name} went away: {e.Message}. Looking for another one.");
            }
            catch (BuildFailedException e)
            {
                throw new RunFailedException(e, Trace, _auth.Asked);
            }
            catch (BuildKitException e) when (e is NotSupportedByDaemonException or LocalFileException)
            {
                throw new ImageException(e.Message, ImageExit.Failure, e);
            }
        }
    }

    private async Task<SolveOutcome> SolveOnAsync(BuilderChoice choice, CancellationToken cancel)
    {
        var lane = board.Open(run.Share);
        Trace = lane.Trace;
        await using var client = new BuildKitClient(choice.Endpoint, new BuildKitClientOptions { Time = context.Time });
        SolveRequest? request = null;
        try
        {
            request = SolveRequests.Of(run.Plan, context, _auth);
            return await client.SolveAsync(request, lane.Add, cancel);
        }
        finally
        {
            lane.End();
            foreach (var upload in request?.Uploads.Values ?? [])
            {
                await upload.DisposeAsync();
            }
        }
    }
}
