using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Commands;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Runs;
using PodExecutor.Link;

namespace PodExecutor.Driver.Cache;

/// <summary>
/// A cache stage of gitlab-runner, answered by us instead of its script. Whatever befalls the cache is a warning; only what would end
/// any stage (the pod is gone, the runner stops us) ends this one.
/// </summary>
internal static class CacheStage
{
    /// <summary>1. say what was decided; 2. open the store; 3. let the agent work; 4. say how it ended.</summary>
    /// <exception cref="FailureException">The pod is gone, or the stage was stopped.</exception>
    public static async Task RunAsync(
        CallContext call, KeptJob job, StageOutput output, CacheOptions options, CachePlan plan, Stage stage, CancellationToken cancel)
    {
        // Step 1
        foreach (var notice in plan.Notices)
        {
            call.Log.Line(notice);
        }

        foreach (var warning in plan.Warnings)
        {
            call.Log.Warning(warning);
        }

        if (plan.Items.Count == 0)
        {
            return;
        }

        // Step 2
        try
        {
            using var store = new S3Store(options, StoreLogins.Find(options.S3, call.Request.StoreLogin), call.Time);

            // Step 3
            await WorkAsync(call, job, output, options, plan, stage, store, cancel);
        }
        catch (StoreException e)
        {
            call.Log.Warning($"{(plan.Direction == Link.Cache.Direction.Restore ? "No cache is restored" : "No cache is saved")}: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            call.Log.Warning("Skipping the caches: their time limit passed while the agent in the pod was unreachable.");
        }
    }

    private static async Task WorkAsync(
        CallContext call, KeptJob job, StageOutput output, CacheOptions options, CachePlan plan, Stage stage, S3Store store, CancellationToken cancel)
    {
        var desk = new CacheDesk(plan, options, store, call.Time);
        using var api = Connection.Open(job.Current.Api, job.Current.Settings, call.Time);
        var runner = new StageRunner(api, job.Agents(api, call.Time), job.Current.Pod, job.Current.Settings, call.Log, call.Time);
        using var limit = new CancellationTokenSource(plan.TimeLimit * plan.Items.Count, call.Time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        for (var attempt = 1; ; attempt++)
        {
            var task = StageScript.OfCacheTask(stage.Name, CacheDesk.Task(plan, options, plan.Attempts - attempt + 1));
            var ended = await runner.RunAsync(task, stage.Container, output, desk.AnswerAsync, stop.Token);
            await desk.FinishAsync();
            cancel.ThrowIfCancellationRequested();
            if (ended.ExitCode == 0)
            {
                return;
            }

            // Step 4
            call.Log.Warning(Verdict(ended, plan, limit.IsCancellationRequested));
            if (attempt >= plan.Attempts || limit.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static string Verdict(Ended ended, CachePlan plan, bool tooLong)
    {
        var what = plan.Direction == Link.Cache.Direction.Restore ? "The cache was not restored" : "The cache was not saved";
        return tooLong ? $"{what} within {plan.TimeLimit.TotalMinutes:0} minutes (CACHE_REQUEST_TIMEOUT); the job goes on without it."
            : ended.OomKilled ? $"{what}: the kernel ended the agent for its memory. Raise kubernetes.helper_memory_limit."
            : $"{what}: the agent ended with {(ended.Signal != 0 ? $"signal {ended.Signal}" : $"exit code {ended.ExitCode}")}. The job goes on without it.";
    }
}
