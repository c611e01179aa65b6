using PodExecutor.Agent.Cache;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Tests.Unit.Cache.Doubles;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>RESTORE_CACHE_ATTEMPTS.</summary>
public class RestoreAttemptsTests
{
    [Theory]
    [InlineData(503, 0, false)]
    [InlineData(503, 1, false)]
    [InlineData(503, 2, true)]
    [InlineData(400, 2, false)]
    public async Task Restore_WithAttempts_IsTriedAgainAsAWholeIfThatMayHelp(int status, uint attempts, bool restored)
    {
        using var saved = new CacheJob();
        saved.Write("t/file", "content");
        await saved.SaveAsync("k", "t");
        using var job = new CacheJob(saved) { Attempts = attempts, Transfers = new TransferOptions { Tries = 1 } };
        var calls = 0;
        saved.Server.Faults = _ => Interlocked.Increment(ref calls) == 1 ? new Fault(status) : null;

        var outcome = await job.RestoreAsync("k", "t");

        Assert.Equal(restored ? CacheResult.Restored : CacheResult.Failed, outcome.Result);
        Assert.Equal(restored, job.Log.Contains("Trying again: attempt 2 of 2 (RESTORE_CACHE_ATTEMPTS)", StringComparison.Ordinal));
        Assert.Equal(1, job.Log.Split("WARNING").Length - 1);
        Assert.Equal(restored, File.Exists(job.At("t/file")));
    }
}
