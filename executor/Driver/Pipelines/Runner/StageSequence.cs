using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pipelines.Scripts;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>How the stages of a job ended. Interrupted: by RUNNER_SCRIPT_TIMEOUT ("timedout") or a graceful cancel ("canceled").</summary>
internal sealed record StagesOutcome(CallVerdict Verdict, string? Interrupted);

/// <summary>
/// The stages of a prepared job in gitlab-runner's order, with what is left out after a failure (common/build.go executeScript):
/// 1 prepare_script · 2 get_sources, restore_cache, download_artifacts, each with its tries · 3 the steps · 4 after_script ·
/// 5 archive_cache, upload_artifacts · 6 cleanup_file_variables.
/// </summary>
internal sealed class StageSequence(RunnerSession session, RunnerOptions options, JobTrace trace, TimeProvider time)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AfterScriptTimeout = TimeSpan.FromMinutes(5);

    /// <param name="graceful">Ends the steps only.</param>
    /// <param name="hard">Job timeout or abort: nothing more is sent.</param>
    public async Task<StagesOutcome> RunAsync(CancellationToken graceful, CancellationToken hard)
    {
        // Step 1
        await trace.SectionAsync("Preparing environment");
        var verdict = await StageAsync("prepare_script", hard);
        if (!verdict.Passed)
        {
            return new StagesOutcome(verdict with { Message = "prepare environment: " + verdict.Message }, null);
        }

        // Step 2
        using var early = CancellationTokenSource.CreateLinkedTokenSource(graceful, hard);
        verdict = await SourcesAsync(early.Token);
        string? interrupted = null;
        if (verdict.Passed && !early.IsCancellationRequested)
        {
            // Step 3
            (verdict, interrupted) = await StepsAsync(graceful, hard);

            // Step 4
            session.Status = interrupted ?? (verdict.Passed ? "success" : "failed");
            verdict = await AfterScriptAsync(verdict, hard);
        }
        else if (graceful.IsCancellationRequested)
        {
            interrupted = "canceled";
        }

        // Step 5
        var failed = !verdict.Passed || interrupted is not null;
        var cache = await NamedAsync(failed ? "archive_cache_on_failure" : "archive_cache", failed ? "Saving cache for failed job" : "Saving cache for successful job", hard);
        var upload = await NamedAsync(
            failed ? "upload_artifacts_on_failure" : "upload_artifacts_on_success",
            failed ? "Uploading artifacts for failed job" : "Uploading artifacts for successful job",
            hard);

        // Step 6: its failure is only logged.
        var files = await NamedAsync("cleanup_file_variables", "Cleaning up project directory and file based variables", hard);
        if (!files.Passed && !hard.IsCancellationRequested)
        {
            await trace.WarningAsync($"Error while executing file based variables removal script: {files.Message}");
        }

        return new StagesOutcome(new[] { verdict, cache, upload }.FirstOrDefault(v => !v.Passed) ?? CallVerdict.Ok, interrupted);
    }

    private async Task<CallVerdict> SourcesAsync(CancellationToken stop)
    {
        await trace.SectionAsync("Getting source from Git repository");
        var verdict = await TriesAsync("get_sources", "GET_SOURCES_ATTEMPTS", stop);
        if (verdict.Passed && Script("restore_cache") is not null)
        {
            await trace.SectionAsync("Restoring cache");
            verdict = await TriesAsync("restore_cache", "RESTORE_CACHE_ATTEMPTS", stop);
        }

        if (verdict.Passed && Script("download_artifacts") is not null)
        {
            await trace.SectionAsync("Downloading artifacts");
            verdict = await TriesAsync("download_artifacts", "ARTIFACT_DOWNLOAD_ATTEMPTS", stop);
        }

        return verdict;
    }

    /// <summary>On any error, not only on a system failure; git gets a clean worktree before its second try.</summary>
    private async Task<CallVerdict> TriesAsync(string stage, string variable, CancellationToken stop)
    {
        var tries = int.TryParse(session.Variables.Get(variable), out var number) && number is >= 1 and <= 10 ? number : 1;
        var pause = options.StagePause;
        for (var attempt = 0; ; attempt++)
        {
            if (attempt == 1 && stage == "get_sources")
            {
                await StageAsync("clear_worktree", stop);
            }

            var verdict = await StageAsync(stage, stop);
            if (verdict.Passed || attempt + 1 >= tries || stop.IsCancellationRequested)
            {
                return verdict;
            }

            await trace.WarningAsync($"Attempt #{attempt + 1} of {tries} of {stage} failed ({verdict.Message}); trying again in {pause.TotalSeconds:0.#} s");
            try
            {
                await Task.Delay(pause, time, stop);
            }
            catch (OperationCanceledException)
            {
                return verdict;
            }

            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    /// <summary>The first step that fails ends the list.</summary>
    private async Task<(CallVerdict Verdict, string? Interrupted)> StepsAsync(CancellationToken graceful, CancellationToken hard)
    {
        using var deadline = Deadline("RUNNER_SCRIPT_TIMEOUT", Timeout.InfiniteTimeSpan);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(graceful, hard, deadline.Token);
        foreach (var step in session.Job.Steps.Where(s => s.Name != "after_script"))
        {
            var stage = step.Name == "script" ? "build_script" : "step_" + step.Name.ToLowerInvariant();
            await trace.SectionAsync($"Executing \"{(step.Name == "script" ? "step_script" : stage)}\" stage of the job script");
            var verdict = await StageAsync(stage, stop.Token);
            if (graceful.IsCancellationRequested || deadline.IsCancellationRequested)
            {
                return (verdict.Passed ? new CallVerdict(CallFault.Build, 1, "stopped") : verdict, graceful.IsCancellationRequested ? "canceled" : "timedout");
            }

            if (!verdict.Passed)
            {
                return (verdict, null);
            }
        }

        return (CallVerdict.Ok, null);
    }

    private async Task<CallVerdict> AfterScriptAsync(CallVerdict verdict, CancellationToken hard)
    {
        if (Script("after_script") is null || hard.IsCancellationRequested)
        {
            return verdict;
        }

        await trace.SectionAsync("Running after_script");
        using var deadline = Deadline("RUNNER_AFTER_SCRIPT_TIMEOUT", AfterScriptTimeout);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(hard, deadline.Token);
        var after = await StageAsync("after_script", stop.Token);
        if (after.Passed || hard.IsCancellationRequested)
        {
            return verdict;
        }

        if (session.Variables.Get("AFTER_SCRIPT_IGNORE_ERRORS") is "false" or "0")
        {
            return verdict.Passed ? after : verdict;
        }

        await trace.WarningAsync("after_script failed, but job will continue unaffected: " + after.Message);
        return verdict;
    }

    private async Task<CallVerdict> NamedAsync(string stage, string title, CancellationToken hard)
    {
        if (hard.IsCancellationRequested || Script(stage) is null)
        {
            return CallVerdict.Ok;
        }

        await trace.SectionAsync(title);
        return await StageAsync(stage, hard);
    }

    private async Task<CallVerdict> StageAsync(string stage, CancellationToken stop)
    {
        if (Script(stage) is not { } script || stop.IsCancellationRequested)
        {
            return CallVerdict.Ok;
        }

        if (stage == "build_script")
        {
            await trace.WarningAsync(
                "Starting with version 17.0 the 'build_script' stage will be replaced with 'step_script': https://gitlab.com/groups/gitlab-org/-/epics/6112");
        }

        return CallVerdict.Of(await session.RunAsync(stage, script, stop), options);
    }

    private string? Script(string stage) =>
        JobScripts.Generate(stage, new ScriptRequest(session.Job, session.Variables, session.Paths, session.Config.Shell ?? options.Shell, session.Config.Hostname));

    private CancellationTokenSource Deadline(string variable, TimeSpan otherwise)
    {
        var limit = GoDuration.TryParse(session.Variables.Get(variable) ?? "", out var asked) ? asked : otherwise;
        return new CancellationTokenSource(limit, time);
    }
}
