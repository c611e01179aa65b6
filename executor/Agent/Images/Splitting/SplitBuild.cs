using System.Runtime.ExceptionServices;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.Progress;
using PodExecutor.Agent.Images.Solving;
using PodExecutor.Agent.Transfers;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Splitting;

/// <summary>
/// A build for which no builder has all platforms. 1. each builder's share is decided, and who joins them; 2. they build at the same time, and push by digest; 3. when
/// all are there, the tags get an index over them. Whoever pulls a tag meanwhile gets what was there before.
/// </summary>
internal sealed class SplitBuild(BuildRequest request, BuildPlan plan, ProgressBoard board, LoginBook book, ImageContext context)
{
    /// <exception cref="RunFailedException">A share failed; the others were stopped.</exception>
    /// <exception cref="ImageException">A share has no builder, an output cannot be made of several, or the registry does not take the index.</exception>
    public async Task<BuildOutcome> RunAsync(BuilderSplit split, CancellationToken cancel)
    {
        // Step 1: in the order of the command line, not of the builders
        var shares = split.Groups.OrderBy(g => request.Platforms.ToList().IndexOf(g[0]))
            .Select(g => new BuilderRunRequest(PlatformPart.Of(plan, g), g, request.Builder, string.Join(',', g))).ToList();
        Say($"No builder has all of {string.Join(", ", request.Platforms)}: {string.Join(" and ", shares.Select(s => s.Share))} are built on builders of their own.");
        var joining = new ImageJoining(request, book, r => request.Insecure || split.InsecureRegistries.Contains(r), context);
        var outOfReach = await OutOfReachAsync(joining, cancel);

        // Step 2
        var outcomes = await AllAsync(shares.Select(s => new BuilderRun(s, board, book, context)), cancel);
        var built = shares.Zip(outcomes, (share, outcome) => new BuiltShare(share.Platforms, outcome.Solve!)).ToList();

        // Step 3
        IReadOnlyDictionary<string, string> response = new Dictionary<string, string>();
        foreach (var exporter in plan.Exporters.Where(e => e.Type == "image"))
        {
            response = !IsPush(exporter) ? joining.Keep(exporter, built)
                : outOfReach is null ? await board.StepAsync("exporting the index of all platforms", () => joining.PushAsync(exporter, built, cancel))
                : await new BuilderJoining(plan, request, built).PushAsync(
                    exporter, p => new BuilderRun(new BuilderRunRequest(p, [], request.Builder, "index"), board, book, context).RunAsync(cancel));
        }

        return new BuildOutcome(
            new SolveOutcome(outcomes[0].Solve!.Ref, response), board.Whole, string.Join(", ", outcomes.Select(o => o.Builder!.Name)), outcomes.Max(o => o.Builder!.Waited));
    }

    /// <summary>Before anything is built: which registry does not answer this pod, so that a builder makes the index.</summary>
    /// <exception cref="ImageException">No builder can make this one.</exception>
    private async Task<string?> OutOfReachAsync(ImageJoining joining, CancellationToken cancel)
    {
        foreach (var exporter in plan.Exporters.Where(IsPush))
        {
            if (request.Attestations.Count > 0)
            {
                await MustReachAsync(joining, exporter, cancel);
            }
            else if (await joining.IsOutOfReachAsync(exporter, cancel) is { } why)
            {
                Say($"{why}: a builder makes the index.");
                return why;
            }
        }

        return null;
    }

    // A builder would make the images anew, and attest to that.
    private static async Task MustReachAsync(ImageJoining joining, OutputRequest exporter, CancellationToken cancel)
    {
        try
        {
            await joining.ReachAsync(exporter, cancel);
        }
        catch (TransferException e)
        {
            throw new ImageException(
                $"{e.Message} With several builders, the index of images with --provenance or --sbom is written from this pod: it must reach the registry and trust its certificate (CI_SERVER_TLS_CA_FILE, or --insecure-registry).",
                ImageExit.Failure,
                e);
        }
    }

    private static bool IsPush(OutputRequest exporter) => exporter.Type == "image" && exporter.Attributes.GetValueOrDefault("push") == "true";

    private void Say(string line)
    {
        if (request.Progress is not ("quiet" or "none" or "rawjson"))
        {
            context.Log.WriteLine(line);
        }
    }

    private static async Task<BuilderRunOutcome[]> AllAsync(IEnumerable<BuilderRun> runs, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Exception? first = null;
        async Task<BuilderRunOutcome> GuardedAsync(BuilderRun run)
        {
            try
            {
                return await run.RunAsync(stop.Token);
            }
            catch (Exception e)
            {
                // Without all of them there is no image: the others need not go on.
                Interlocked.CompareExchange(ref first, e, null);
                await stop.CancelAsync();
                throw;
            }
        }

        try
        {
            return await Task.WhenAll(runs.Select(GuardedAsync));
        }
        catch
        {
            cancel.ThrowIfCancellationRequested();
            ExceptionDispatchInfo.Throw(first!);
            throw;
        }
    }
}
