using System.Globalization;
using PodExecutor.Agent.Cache;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Cache;
using PodExecutor.Tests.Unit.Cache.Doubles;
using PodExecutor.Tests.Unit.Pipelines;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>A store that breaks: the result is right or nothing, and one warning says why.</summary>
public class FaultTests
{
    [Fact]
    public async Task Restore_CutAtEveryNthByte_GoesOnWhereItWasCut()
    {
        using var saved = await SavedAsync();
        foreach (var cut in new[] { 0, 1, 7, 4096, 65_536, 300_001 })
        {
            using var job = new CacheJob(saved);
            var calls = 0;
            saved.Server.Faults = _ => Interlocked.Increment(ref calls) % 3 != 0 ? new Fault(CutAfter: cut) : null;

            var outcome = await job.RestoreAsync("k", "t");

            Assert.True(outcome.Result == CacheResult.Restored, job.Log);
            Assert.Equal(Shell.Describe(saved.Workspace), Shell.Describe(job.Workspace));
        }
    }

    [Fact]
    public async Task Restore_CutAfterProgressForEver_ComesToItsEndWithoutSendingTwice()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        saved.Server.ResetCounts();
        saved.Server.Faults = _ => new Fault(CutAfter: 300_000);

        var outcome = await job.RestoreAsync("k", "t");

        Assert.True(outcome.Result == CacheResult.Restored, job.Log);
        Assert.Equal(saved.Server.Objects.Values.Sum(o => (long)o.Length), saved.Server.BytesOut);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public async Task BothWays_StatusThatPasses_IsTriedAgain(int status)
    {
        using var job = await SavedAsync(s => s.Faults = c => c.Number <= 3 ? new Fault(status) : null);
        using var other = new CacheJob(job);
        var calls = 0;
        job.Server.Faults = _ => Interlocked.Increment(ref calls) <= 3 ? new Fault(status) : null;

        Assert.Equal(CacheResult.Restored, (await other.RestoreAsync("k", "t")).Result);
        Assert.Equal(Shell.Describe(job.Workspace), Shell.Describe(other.Workspace));
    }

    [Fact]
    public async Task Restore_RetryAfter_IsWaitedFor()
    {
        using var saved = await SavedAsync();
        var time = new ManualTime();
        using var job = new CacheJob(saved) { Time = time };
        var calls = 0;
        saved.Server.Faults = _ => Interlocked.Increment(ref calls) == 1 ? new Fault(503, RetryAfter: 13) : null;

        var restoring = job.RestoreAsync("k", "t");
        await Until.TrueAsync(() => time.HasTimer(TimeSpan.FromSeconds(13)), "the wait that the server asked for");
        Assert.False(restoring.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(13));

        Assert.Equal(CacheResult.Restored, (await restoring.WaitAsync(Until.Patience, TestContext.Current.CancellationToken)).Result);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(400)]
    public async Task BothWays_StatusThatStays_IsOneWarning(int status)
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        saved.Server.Faults = _ => new Fault(status);

        Assert.Equal(CacheResult.Failed, (await job.RestoreAsync("k", "t")).Result);
        AssertUntouched(job);
        job.Write("t/own", new string('x', 100_000));
        Assert.Equal(CacheResult.Failed, (await job.SaveAsync("k2", "t")).Result);
        Assert.Equal(2, Warnings(job));
        Assert.DoesNotContain("grant=", job.Log, StringComparison.Ordinal);
        Assert.False(saved.Desk.Manifests.ContainsKey("k2"));
        AssertNoStage(job);
    }

    [Fact]
    public async Task BothWays_SilentConnection_EndsInOneWarning()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved)
        {
            Transfers = new TransferOptions { Window = TimeSpan.FromMilliseconds(100), Tries = 2, FirstPause = TimeSpan.FromMilliseconds(1) },
        };
        saved.Server.Faults = _ => new Fault(CutAfter: 10, Hang: true);

        Assert.Equal(CacheResult.Failed, (await job.RestoreAsync("k", "t")).Result);
        AssertUntouched(job);
        job.Write("t/own", new string('y', 1000));
        Assert.Equal(CacheResult.Failed, (await job.SaveAsync("k2", "t")).Result);
        Assert.Equal(2, Warnings(job));
    }

    [Fact]
    public async Task BothWays_GrantRunsOutMidway_NewOneIsAskedFor()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        saved.Desk.ExpireGrants();
        var calls = 0;
        saved.Server.Faults = call =>
        {
            if (Interlocked.Increment(ref calls) == 2)
            {
                saved.Desk.ExpireGrants();
                return new Fault(CutAfter: 1000);
            }

            return saved.Desk.IsCurrent(call.Query) ? null : new Fault(403);
        };

        Assert.True((await job.RestoreAsync("k", "t")).Result == CacheResult.Restored, job.Log);
        Assert.Equal(Shell.Describe(saved.Workspace), Shell.Describe(job.Workspace));
    }

    [Fact]
    public async Task Restore_GrantIsNeverAccepted_EndsInOneWarning()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        saved.Server.Faults = _ => new Fault(403);

        Assert.Equal(CacheResult.Failed, (await job.RestoreAsync("k", "t")).Result);

        Assert.Equal(1, Warnings(job));
        Assert.Contains("403", job.Log, StringComparison.Ordinal);
        AssertUntouched(job);
    }

    [Fact]
    public async Task Restore_ServerIgnoresRanges_IsReadOver()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        saved.Server.IgnoresRanges = true;
        var calls = 0;
        saved.Server.Faults = _ => Interlocked.Increment(ref calls) == 1 ? new Fault(CutAfter: 100_000) : null;

        Assert.True((await job.RestoreAsync("k", "t")).Result == CacheResult.Restored, job.Log);
        Assert.Equal(Shell.Describe(saved.Workspace), Shell.Describe(job.Workspace));
    }

    [Fact]
    public async Task Restore_PackIsDamaged_IsAMissAndTheNextSaveDoesNotTrustIt()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        foreach (var (name, bytes) in saved.Server.Objects)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[damaged.Length / 2] ^= 1;
            saved.Server.Objects[name] = damaged;
        }

        Assert.Equal(CacheResult.Missed, (await job.RestoreAsync("k", "t")).Result);
        Assert.Equal(1, Warnings(job));
        AssertUntouched(job);

        // The desk double answers "present" by name, so the healed content must come in other packs.
        Shell.Run("cp", "-a", saved.At("t"), job.At("t"));
        job.Write("t/new", "so that the packs differ");
        await job.SaveAsync("k", "t");
        using var next = new CacheJob(saved);
        Assert.True((await next.RestoreAsync("k", "t")).Result == CacheResult.Restored, next.Log);
    }

    [Fact]
    public async Task Restore_PackIsGone_IsAMissWithOneWarning()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        saved.Server.Objects.Clear();

        Assert.Equal(CacheResult.Missed, (await job.RestoreAsync("k", "t")).Result);

        Assert.Equal(1, Warnings(job));
        AssertUntouched(job);
    }

    [Fact]
    public async Task Restore_FirstCandidateIsDamaged_TakesTheNext()
    {
        using var saved = await SavedAsync();
        var manifest = saved.Desk.Manifests["k"][^1];
        saved.Desk.Candidates.Add(saved.Desk.Of("k", manifest[..^20]));
        saved.Desk.Candidates.Add(saved.Desk.Of("fallback", manifest));
        using var job = new CacheJob(saved);

        Assert.Equal(CacheResult.Restored, (await job.RestoreAsync("k", "t")).Result);

        Assert.Equal(1, Warnings(job));
        Assert.Contains("Restored cache fallback", job.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BothWays_DriverRefuses_SaysItsWords()
    {
        using var job = new CacheJob();
        job.Write("t/a");
        job.Desk.Refusal = "the store does not answer.";

        Assert.Equal(CacheResult.Failed, (await job.RestoreAsync("k", "t")).Result);
        Assert.Equal(CacheResult.Failed, (await job.SaveAsync("k", "t")).Result);

        Assert.Equal(2, Warnings(job));
        Assert.Contains("the store does not answer.", job.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_DiskIsFull_LeavesNothing()
    {
        using var saved = await SavedAsync();
        var mount = Directory.CreateTempSubdirectory("full-").FullName;
        Shell.Run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", mount);
        try
        {
            using var job = new CacheJob(saved, parent: mount);
            Assert.Equal(CacheResult.Failed, (await job.RestoreAsync("k", "t")).Result);

            Assert.Contains("Give the builds volume more room", job.Log, StringComparison.Ordinal);
            AssertUntouched(job);
            AssertNoStage(job);

            // Room at the start that is gone in the midst of it.
            Shell.Run("mount", "-o", "remount,size=60m", mount);
            saved.Server.Faults = _ =>
            {
                Shell.Bash("[ -e ../filler ] || head -c 57000000 /dev/zero > ../filler", job.Workspace);
                return null;
            };
            Assert.Equal(CacheResult.Failed, (await job.RestoreAsync("k", "t")).Result);
            Assert.Contains("the disk of the workspace is full", job.Log, StringComparison.Ordinal);
            AssertUntouched(job);
            AssertNoStage(job);
        }
        finally
        {
            Shell.Run("umount", mount);
            Directory.Delete(mount);
        }
    }

    [Fact]
    public async Task Restore_SomethingIsInTheWay_PutsAllBack()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        job.Write("t/a/file", "mine");
        Directory.CreateDirectory(job.At("t/zz-last"));
        var before = Shell.Describe(job.Workspace);

        Assert.Equal(CacheResult.Failed, (await job.RestoreAsync("k", "t")).Result);

        Assert.Contains("t/zz-last is a directory in the build directory and a file in the cache", job.Log, StringComparison.Ordinal);
        Assert.Equal(WithoutTimes(before), WithoutTimes(Shell.Describe(job.Workspace)));
        AssertNoStage(job);
    }

    [Fact]
    public async Task Restore_OverWhatIsThere_ReplacesNamesAndKeepsOthers()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        job.Write("t/a/file", "old");
        job.Write("t/mine", "mine");
        File.CreateSymbolicLink(job.At("t/zz-last"), "../../outside");

        Assert.True((await job.RestoreAsync("k", "t")).Result == CacheResult.Restored, job.Log);

        Assert.Equal("mine", File.ReadAllText(job.At("t/mine")));
        Assert.Equal(File.ReadAllText(saved.At("t/zz-last")), File.ReadAllText(job.At("t/zz-last")));
        Assert.Null(new FileInfo(job.At("t/zz-last")).LinkTarget);
        Assert.False(File.Exists(Path.Combine(job.Root, "outside")));
    }

    [Fact]
    public async Task Restore_LinkWhereADirectoryMustBe_WritesNothingThroughIt()
    {
        using var saved = await SavedAsync();
        using var job = new CacheJob(saved);
        var outside = Directory.CreateDirectory(Path.Combine(job.Root, "outside")).FullName;
        File.CreateSymbolicLink(job.At("t"), "../outside");

        Assert.Equal(CacheResult.Failed, (await job.RestoreAsync("k", "t")).Result);

        Assert.Empty(Directory.GetFileSystemEntries(outside));
        Assert.Contains("t is a link in the build directory and a directory in the cache", job.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_TooLarge_IsRefusedBeforeAnythingIsSent()
    {
        using var job = new CacheJob { MaxBytes = 10 };
        job.Write("t/a", new string('x', 11));

        Assert.Equal(CacheResult.Failed, (await job.SaveAsync("k", "t")).Result);

        Assert.Empty(job.Server.Objects);
        Assert.Contains("the operator allows 10 B", job.Log, StringComparison.Ordinal);
    }

    /// <summary>About 9 MB in 60 files.</summary>
    private static async Task<CacheJob> SavedAsync(Action<ObjectServer>? prepare = null)
    {
        var job = new CacheJob();
        prepare?.Invoke(job.Server);
        var random = new Random(1);
        Directory.CreateDirectory(job.At("t/a"));
        for (var i = 0; i < 60; i++)
        {
            var content = new byte[150_000];
            random.NextBytes(content);
            await File.WriteAllBytesAsync(job.At(string.Create(CultureInfo.InvariantCulture, $"t/a/f{i}")), content);
        }

        job.Write("t/a/file", "theirs");
        job.Write("t/zz-last", "last");
        Assert.True((await job.SaveAsync("k", "t")).Result == CacheResult.Saved, job.Log);
        _ = ManifestFile.Read(job.Desk.Manifests["k"][^1]);
        return job;
    }

    private static string WithoutTimes(string description) =>
        System.Text.RegularExpressions.Regex.Replace(description, @" \d+\.\d{10}", "");

    private static int Warnings(CacheJob job) => job.Log.Split('\n').Count(l => l.StartsWith("WARNING", StringComparison.Ordinal));

    private static void AssertUntouched(CacheJob job) => Assert.False(Directory.Exists(job.At("t")), "a failed restore must leave nothing");

    private static void AssertNoStage(CacheJob job) =>
        Assert.DoesNotContain(Directory.GetFileSystemEntries(job.Workspace), e => Path.GetFileName(e).StartsWith(".pod-executor", StringComparison.Ordinal));
}
