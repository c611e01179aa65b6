using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Cache.Save;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache;

/// <summary>One cache stage of a job: restores or saves all items of a task, in their order. A cache never fails a job.</summary>
/// <param name="desk">Asks the driver, which alone may touch the store.</param>
internal sealed class CacheTaskRunner(CacheTask task, Func<CacheAsk, CancellationToken, Task<CacheAnswer>> desk, CacheContext context)
{
    /// <summary>A third less work than zstd's own default, and 6 % more bytes: docs/adr/0017.</summary>
    private const int DefaultLevel = 2;

    /// <summary>More would need more memory than a small helper container has.</summary>
    private const int MostWorkers = 4;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(10);

    /// <summary>What became of each item.</summary>
    /// <exception cref="OperationCanceledException">The stage was cancelled; nothing half-done stays.</exception>
    public async Task<IReadOnlyList<CacheOutcome>> RunAsync(CancellationToken cancel)
    {
        var outcomes = new List<CacheOutcome>();
        for (var i = 0; i < task.Items.Count; i++)
        {
            outcomes.Add(await ItemAsync((uint)i, task.Items[i], cancel));
        }

        return outcomes;
    }

    private async Task<CacheOutcome> ItemAsync(uint index, CacheItem item, CancellationToken cancel)
    {
        var log = new CacheLog(context.Log, context.Time);
        var timeout = task.TimeoutSeconds == 0 ? DefaultTimeout : TimeSpan.FromSeconds(task.TimeoutSeconds);
        using var deadline = new CancellationTokenSource(timeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
        var request = new ItemRequest(
            task.Workspace.TrimEnd('/'), item, task.MaxBytes, task.Level == 0 ? DefaultLevel : (int)Math.Clamp(task.Level, 1, 19),
            Math.Clamp(task.Parallelism == 0 ? context.Cores : (int)task.Parallelism, 1, MostWorkers));
        var isRestore = task.Direction == Direction.Restore;
        var what = isRestore ? "The job goes on without it." : "It is not saved; the one of before stays.";
        try
        {
            var store = new PackStore(new Desk(desk, index), context.Client, context.Time, context.Transfers);
            return await (isRestore
                ? RestoreAsync(new RestoreRun(request, store, context, log), log, either.Token)
                : new SaveRun(request, store, context, log).RunAsync(either.Token));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            log.Warn($"Cache {item.Key}: not done within {timeout.TotalMinutes:0.#} minutes. {what} CACHE_REQUEST_TIMEOUT (minutes) allows more.");
        }
        catch (Exception e) when (e is CacheDamagedException or CacheRefusedException or Transfers.TransferException)
        {
            log.Warn($"Cache {item.Key}: {e.Message.TrimEnd('.')}. {what}");
        }
        catch (FileCallException e) when (e.IsFull)
        {
            log.Warn($"Cache {item.Key}: the disk of the workspace is full ({e.Message}). {what} Give the builds volume more room.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warn($"Cache {item.Key}: {e.Message.TrimEnd('.')}. {what}");
        }

        return new CacheOutcome(item.Key, CacheResult.Failed);
    }

    /// <summary>As often as the job asks for (RESTORE_CACHE_ATTEMPTS), while the transfer is what fails.</summary>
    private async Task<CacheOutcome> RestoreAsync(RestoreRun run, CacheLog log, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await run.RunAsync(cancel);
            }
            catch (Transfers.TransferException e) when (e.IsTransient && attempt < task.Attempts)
            {
                log.Warn($"{e.Message.TrimEnd('.')}. Trying again: attempt {attempt + 1} of {task.Attempts} (RESTORE_CACHE_ATTEMPTS).");
            }
        }
    }
}
