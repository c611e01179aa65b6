namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>
/// Plays gitlab-runner 19.3 for one job: config and prepare with up to three tries, the stages, cleanup after every try
/// (common/build.go, common/network.go). Does not mask secrets, trace sections or time stamps, and does not talk to a GitLab.
/// </summary>
internal sealed class RunnerDouble(RunnerOptions options, Stream log, TimeProvider time)
{
    public async Task<JobOutcome> RunAsync(JobPayload job, JobStop stop)
    {
        var start = time.GetTimestamp();
        using var trace = new JobTrace(log);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(job.RunnerInfo.Timeout), time);
        using var hard = CancellationTokenSource.CreateLinkedTokenSource(stop.Abort, deadline.Token);
        var calls = new List<CallRecord>();

        await trace.LineAsync($"Running with gitlab-runner {RunnerVariables.Version} (played by pod-executor try)");
        var stages = await TriesAsync(job, trace, calls, stop, hard.Token);
        var outcome = Conclude(stages, stop, deadline.IsCancellationRequested) with { Calls = calls, Duration = time.GetElapsedTime(start) };
        await (outcome.Result == JobResult.Success ? trace.SuccessAsync(outcome.Message) : trace.ErrorAsync(outcome.Message));
        return outcome;
    }

    /// <summary>Each try has a TMPDIR of its own and ends with a cleanup; a failure of the job is final (retryCreateExecutor).</summary>
    private async Task<StagesOutcome> TriesAsync(JobPayload job, JobTrace trace, List<CallRecord> calls, JobStop stop, CancellationToken hard)
    {
        using var early = CancellationTokenSource.CreateLinkedTokenSource(stop.Graceful, hard);
        for (var attempt = 1; ; attempt++)
        {
            using var session = new RunnerSession(options, job, trace.WriteAsync, time);
            try
            {
                var prepared = await PrepareAsync(session, trace, early.Token);
                if (early.IsCancellationRequested)
                {
                    return new StagesOutcome(prepared, stop.Graceful.IsCancellationRequested ? "canceled" : null);
                }

                if (prepared.Passed)
                {
                    return await new StageSequence(session, options, trace, time).RunAsync(stop.Graceful, hard);
                }

                if (prepared.Fault == CallFault.Build)
                {
                    return new StagesOutcome(prepared, null);
                }

                await trace.ErrorAsync($"Preparation failed: {prepared.Message}");
                if (attempt == options.PreparationTries)
                {
                    // The runner waits after the last try, too; here that would only cost the reader's time.
                    return new StagesOutcome(prepared, null);
                }
            }
            finally
            {
                await CleanAsync(session, trace);
                calls.AddRange(session.Calls);
            }

            await trace.LineAsync($"Will be retried in {options.PreparationPause.TotalSeconds:0.#}s ...");
            await PauseAsync(early.Token);
        }
    }

    private async Task<CallVerdict> PrepareAsync(RunnerSession session, JobTrace trace, CancellationToken stop)
    {
        await trace.SectionAsync("Preparing the \"custom\" executor");
        if (stop.IsCancellationRequested)
        {
            return CallVerdict.Ok;
        }

        var (call, problem) = await session.ConfigAsync(stop);
        var verdict = problem is null ? CallVerdict.Of(call, options) : new CallVerdict(CallFault.System, 0, problem);
        if (!verdict.Passed || stop.IsCancellationRequested)
        {
            return verdict;
        }

        if (session.Paths.BuildsDir.Length == 0 || session.Paths.CacheDir.Length == 0)
        {
            var missing = session.Paths.BuildsDir.Length == 0 ? "builds_dir" : "cache_dir";
            return new CallVerdict(CallFault.Build, 0, $"the {missing} is not configured: config must print it or config.toml set it");
        }

        await trace.LineAsync(
            session.Config.Driver is { Name: { } name } driver
                ? $"Using Custom executor with driver {name} {driver.Version}..."
                : "Using Custom executor...");
        return CallVerdict.Of(await session.PrepareAsync(stop), options);
    }

    private async Task CleanAsync(RunnerSession session, JobTrace trace)
    {
        var verdict = CallVerdict.Of(await session.CleanupAsync(), options);
        if (!verdict.Passed)
        {
            await trace.WarningAsync($"Cleanup script failed: {verdict.Message}");
        }
    }

    private async Task PauseAsync(CancellationToken stop)
    {
        try
        {
            await Task.Delay(options.PreparationPause, time, stop);
        }
        catch (OperationCanceledException)
        {
            // The next try notices.
        }
    }

    private static JobOutcome Conclude(StagesOutcome stages, JobStop stop, bool outOfTime)
    {
        JobOutcome Failed(string? reason, int exitCode, string message, JobResult result = JobResult.Failed) =>
            new(result, reason, exitCode, "Job failed" + message, [], TimeSpan.Zero);
        var verdict = stages.Verdict;
        return (stop.Abort.IsCancellationRequested, outOfTime, stages.Interrupted, verdict.Fault) switch
        {
            (true, _, _, _) => Failed("runner_interrupted", 0, ": canceled", JobResult.Canceled),
            (_, true, _, _) => Failed("job_execution_timeout", 0, ": execution took longer than the job's timeout"),
            (_, _, "canceled", _) => Failed(null, 0, ": canceled", JobResult.Canceled),
            (_, _, "timedout", _) => Failed("job_execution_timeout", 0, ": script exceeded RUNNER_SCRIPT_TIMEOUT"),
            (_, _, _, CallFault.Build) => Failed("script_failure", verdict.ExitCode, ": " + verdict.Message),
            (_, _, _, CallFault.System) => Failed("runner_system_failure", 0, " (system failure): " + verdict.Message),
            _ => new JobOutcome(JobResult.Success, null, 0, "Job succeeded", [], TimeSpan.Zero),
        };
    }
}
