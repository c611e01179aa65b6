using PodExecutor.Driver.Builders;
using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Runs;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// <c>run SCRIPT STAGE</c>: one script in the pod. 1. forget an earlier stage's exit code; 2. the job file tells what prepare decided, the
/// stage's name the container; 3. cache stages are ours if the operator has given us a store; 4. run, with the services' logs if the job
/// wants them; 5. remarks; 6. the script's end is ours.
/// </summary>
internal static class RunCommand
{
    public static async Task RunAsync(CallContext call, string scriptPath, string stageName, CancellationToken cancel)
    {
        // Step 1
        call.ExitCodes.Forget();

        // Step 2
        var stage = new Stage(stageName);
        var job = call.LoadJob() ?? throw new FailureException(new Failure(
            FailureKind.System,
            $"Stage {stageName} cannot run: prepare has left no state file",
            call.JobFilePath ?? "TMPDIR is not set",
            "Check that nothing but gitlab-runner deletes files in its TMPDIR."));

        // Step 3
        if (stage.IsCache && job.HasCache && job.ReadOptions().Cache is { } cache && CachePlanner.Decide(call.Request, cache, stage) is { } plan)
        {
            await CacheStage.RunAsync(call, job, cache, plan, stage, cancel);
            return;
        }

        // Step 4. The builders' keys pass through the pod once, before a hook of the job's author can look on in the helper container; its agent keeps them.
        var script = StageScript.Read(scriptPath, stageName, stage.IsFirst && job.HasBuilders ? BuilderSetup.Of(call.Request, job.ReadOptions()) : null);
        using var api = Connection.Open(job.Api, job.Settings, call.Time);
        await using var stdout = Console.OpenStandardOutput();
        await using var stderr = Console.OpenStandardError();
        var runner = new StageRunner(api, job.Pod, job.Settings, call.Log, call.Time);
        var ended = await WithServiceLogsAsync(call, job, api, stage, () => runner.RunAsync(script, stage.Container, stdout, stderr, null, cancel), cancel);

        // Step 5
        foreach (var remark in StageVerdict.Remarks(ended, stage))
        {
            call.Log.Warning(remark);
        }

        // Step 6
        if (StageVerdict.Of(ended, stage) is { } failure)
        {
            throw new FailureException(failure);
        }
    }

    /// <summary>While the job's own scripts run, and what is left in the last stage.</summary>
    private static async Task<Link.Ended> WithServiceLogsAsync(
        CallContext call, JobFile job, ApiClient api, Stage stage, Func<Task<Link.Ended>> run, CancellationToken cancel)
    {
        if (job.ShownServices.Count == 0 || !(stage.IsUserCode || stage.IsLast))
        {
            return await run();
        }

        var directory = Path.GetDirectoryName(call.JobFilePath)!;
        await using var logs = new ServiceLogs(api, job.Pod, job.ShownServices, directory, follow: stage.IsUserCode, call.Log, call.Time, cancel);
        return await run();
    }
}
