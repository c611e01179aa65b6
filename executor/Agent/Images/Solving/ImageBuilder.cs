using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Logins;
using PodExecutor.Agent.Images.Progress;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>Runs one build: on the builder that is chosen for it, and once more on another if that one goes away.</summary>
internal sealed class ImageBuilder(ImageContext context)
{
    /// <summary>A build that breaks that many builders is itself the trouble.</summary>
    private const int MaxBuilders = 3;

    /// <summary>What BuildKit scans with if nothing else is named.</summary>
    private const string DefaultScanner = "buildkit-syft-scanner";

    /// <exception cref="BuildReportedException">The build failed; its report is in the log already.</exception>
    /// <exception cref="ImageException">There is no builder for it, or it asks for what the builder cannot do.</exception>
    public async Task<BuildOutcome> SolveAsync(BuildRequest request, BuildPlan plan, CancellationToken cancel)
    {
        var finder = new BuilderFinder(context);
        var wish = new BuilderWish(plan.SharedKey, request.Platforms, request.Builder);
        var book = new LoginBook(context.Variable, context.DockerConfigPath);
        var failed = new List<string>();
        while (true)
        {
            var choice = await finder.FindAsync(wish, failed, cancel);
            try
            {
                return await SolveOnAsync(choice, request, plan, book, cancel);
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
        }
    }

    /// <summary>--check, --call: what the frontend says of the Dockerfile goes to stdout.</summary>
    /// <returns>The exit code; docker's is 1 if the check found anything.</returns>
    public async Task<int> AskAsync(BuildRequest request, BuildPlan plan, CancellationToken cancel)
    {
        var choice = await new BuilderFinder(context).FindAsync(new BuilderWish(plan.SharedKey, request.Platforms, request.Builder), [], cancel);
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

    private async Task<BuildOutcome> SolveOnAsync(BuilderChoice choice, BuildRequest request, BuildPlan plan, LoginBook book, CancellationToken cancel)
    {
        var trace = new BuildTrace();
        var auth = new JobRegistryAuth(book);
        var printer = Printer(request.Progress);
        await using var client = new BuildKitClient(choice.Endpoint, new BuildKitClientOptions { Time = context.Time });
        try
        {
            var outcome = await client.SolveAsync(
                SolveRequests.Of(plan, context, auth),
                update =>
                {
                    trace.Add(update);
                    printer.Print(update);
                },
                cancel);
            printer.Finish();
            return new BuildOutcome(outcome, trace, choice.Name, choice.Waited);
        }
        catch (BuildFailedException e)
        {
            printer.Finish();
            Report(e, trace, auth, book);
            throw new BuildReportedException(e);
        }
        catch (BuildKitException e) when (e is NotSupportedByDaemonException or LocalFileException)
        {
            printer.Finish();
            throw new ImageException(e.Message, ImageExit.Failure, e);
        }
        catch (BuildKitException)
        {
            printer.Finish();
            throw;
        }
    }

    private void Report(BuildFailedException failure, BuildTrace trace, JobRegistryAuth auth, LoginBook book)
    {
        foreach (var line in FailureReport.Lines(failure, trace))
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
            foreach (var host in auth.Asked)
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
