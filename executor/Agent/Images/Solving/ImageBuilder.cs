using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.Progress;
using PodExecutor.Agent.Images.Splitting;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>Runs one build: on one builder or, where none has all its platforms, on several.</summary>
internal sealed class ImageBuilder(ImageContext context)
{
    /// <summary>What BuildKit scans with if nothing else is named.</summary>
    private const string DefaultScanner = "buildkit-syft-scanner";

    /// <exception cref="BuildReportedException">The build failed; its report is in the log already.</exception>
    /// <exception cref="ImageException">There is no builder for it, or it asks for what the builder cannot do.</exception>
    public async Task<BuildOutcome> SolveAsync(BuildRequest request, BuildPlan plan, CancellationToken cancel)
    {
        var book = new LoginBook(context.Variable, context.DockerConfigPath);
        var board = new ProgressBoard(Printer(request.Progress), context.Time);
        try
        {
            var run = new BuilderRun(new BuilderRunRequest(plan, request.Platforms, request.Builder, Share: null), board, book, context);
            var outcome = await run.RunAsync(cancel);
            var build = outcome.Solve is { } solve
                ? new BuildOutcome(solve, run.Trace, outcome.Builder!.Name, outcome.Builder.Waited)
                : await new SplitBuild(request, plan, board, book, context).RunAsync(outcome.Split!, cancel);
            board.Finish();
            return build;
        }
        catch (RunFailedException e)
        {
            board.Finish();
            Report(e, book);
            throw new BuildReportedException(e);
        }
        catch
        {
            board.Finish();
            throw;
        }
    }

    /// <summary>--check, --call: what the frontend says of the Dockerfile goes to stdout.</summary>
    /// <returns>The exit code; docker's is 1 if the check found anything.</returns>
    public async Task<int> AskAsync(BuildRequest request, BuildPlan plan, CancellationToken cancel)
    {
        // Nothing runs: any builder has an answer, whatever the platforms.
        var choice = await new BuilderFinder(context).AnyAsync(new BuilderWish(plan.SharedKey, [], request.Builder), cancel);
        try
        {
            var auth = new JobRegistryAuth(new LoginBook(context.Variable, context.DockerConfigPath));
            var answer = await new Subrequest(context).AskAsync(choice.Endpoint, plan, auth, cancel);
            var text = (answer.GetValueOrDefault("result.txt") ?? "The builder's frontend has no answer to this.").Trim();
            await context.Output.WriteLineAsync(text.Length == 0 && request.Call == "check" ? "Check complete, no warnings found." : text);
            return answer.GetValueOrDefault("result.statuscode") is null or "0" ? ImageExit.Success : ImageExit.Failure;
        }
        catch (BuildKitException e)
        {
            throw new ImageException(e.Message, e is DaemonUnreachableException or SessionLostException ? ImageExit.Builder : ImageExit.Failure, e);
        }
    }

    private void Report(RunFailedException failed, LoginBook book)
    {
        var failure = failed.Failure;
        foreach (var line in FailureReport.Lines(failure, failed.Trace))
        {
            context.Log.WriteLine(line);
        }

        if (failure.Message.Contains(DefaultScanner, StringComparison.Ordinal))
        {
            context.Log.WriteLine("  help: --sbom runs a scanner image, by default one of Docker Hub, which the builder did not get. Name one that it gets: --sbom=generator=REGISTRY/SCANNER:TAG.");
        }

        // "unauthorized", "denied", "403": which login was it?
        if (failure.Message.Contains("401", StringComparison.Ordinal) || failure.Message.Contains("403", StringComparison.Ordinal)
            || failure.Message.Contains("denied", StringComparison.Ordinal) || failure.Message.Contains("authoriz", StringComparison.Ordinal))
        {
            foreach (var host in failed.RegistriesAsked)
            {
                context.Log.WriteLine($"  help: for {host} {book.Origin(host)}.");
            }
        }
    }

    private IProgressPrinter Printer(string progress)
    {
        var number = Guid.NewGuid().ToString("N")[..6];
        return progress switch
        {
            "rawjson" => new RawJsonPrinter(context.Log),
            "quiet" or "none" => new QuietPrinter(),
            "plain" => new StepPrinter(context.Log, folded: false, number, context.Time),
            _ => new StepPrinter(context.Log, folded: context.InGitLab, number, context.Time),
        };
    }
}
