using PodExecutor.Driver.Builders;
using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Runs;
using PodExecutor.Driver.Runs.Services;

namespace PodExecutor.Driver.Commands;

/// <summary>
/// <c>run SCRIPT STAGE</c>: one script in the pod. 1. forget an earlier stage's exit code; 2. the job file tells what prepare decided, the
/// stage's name the container; 3. cache stages are ours if the operator has given us a store; 4. the services, before the job's first
/// script; 5. run, with the services' logs if the job wants them; 6. remarks; 7. the script's end is ours.
/// </summary>
internal static class RunCommand
{
    public static async Task RunAsync(CallContext call, StageOutput output, string scriptPath, string stageName, CancellationToken cancel)
    {
        // Step 1
        call.ExitCodes.Forget();

        // Step 2
        var stage = new Stage(stageName);
        var job = call.KeepJob() ?? throw new FailureException(new Failure(
            FailureKind.System,
            $"Stage {stageName} cannot run: prepare has left no state file",
            call.JobFilePath ?? "TMPDIR is not set",
            "Check that nothing but gitlab-runner deletes files in its TMPDIR."));
        var (file, settings) = (job.Current, job.Current.Settings);

        // Step 3
        if (stage.IsCache && file.HasCache && file.ReadOptions().Cache is { } cache && CachePlanner.Decide(call.Request, cache, stage) is { } plan)
        {
            await CacheStage.RunAsync(call, job, output, cache, plan, stage, cancel);
            return;
        }

        // The builders' keys pass through the pod once, before a hook of the job's author can look on in the helper container; its agent keeps them.
        var script = StageScript.Read(scriptPath, stageName, stage.IsFirst && file.HasBuilders ? BuilderSetup.Of(call.Request, file.ReadOptions()) : null);
        using var api = Connection.Open(file.Api, settings, call.Time);
        var agents = job.Agents(api, call.Time);
        var services = new ServiceGate(api, file.Pod, file.Services, settings, new PortProbe(agents, settings.RetryBudget, call.Time), call.Log, call.Time);

        // Step 4
        var hasServices = stage.IsUserCode && file.Services.Count > 0;
        if (hasServices && !file.ServicesPassed)
        {
            await services.PassAsync(cancel);
            job.Update(j => j with { ServicesPassed = true });
        }

        // Step 5
        var runner = new StageRunner(api, agents, file.Pod, settings, call.Log, call.Time);
        Task<Link.Ended> Run() => runner.RunAsync(script, stage.Container, output, null, cancel);
        var ended = await BesideServicesAsync(
            hasServices && !file.ServicesPassed ? services : null, () => WithServiceLogsAsync(call, file, api, stage, Run, cancel), cancel);

        // Step 6
        foreach (var remark in StageVerdict.Remarks(ended, stage))
        {
            call.Log.Warning(remark);
        }

        // Step 7
        if (StageVerdict.Of(ended, stage) is { } failure)
        {
            if (hasServices && !ended.Stopped)
            {
                await services.TellLateAsync(cancel);
            }

            throw new FailureException(failure);
        }
    }

    /// <summary>The job's first script, while services that end at once are reported.</summary>
    private static async Task<Link.Ended> BesideServicesAsync(ServiceGate? services, Func<Task<Link.Ended>> run, CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var telling = services?.TellEarlyAsync(over.Token) ?? Task.CompletedTask;
        try
        {
            return await run();
        }
        finally
        {
            await over.CancelAsync();
            await telling;
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
