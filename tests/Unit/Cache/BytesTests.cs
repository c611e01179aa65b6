using System.Globalization;
using PodExecutor.Agent.Cache;
using PodExecutor.Cache;
using PodExecutor.Tests.Unit.Cache.Doubles;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>What is sent, counted by the server.</summary>
public class BytesTests
{
    private const int Files = 20_000;

    [Fact]
    public async Task Save_OfTwentyThousandFiles_SendsWhatChangedAndNoMore()
    {
        // Files of 10 kB that hardly compress, as libraries and object files are.
        using var first = new CacheJob(parent: Directory.Exists("/dev/shm") ? "/dev/shm" : null);
        MakeTree(first.Workspace);
        await first.SaveAsync("k", "t");
        var all = first.Server.BytesIn + Manifest(first);
        using var job = new CacheJob(first, parent: Path.GetDirectoryName(first.Root));
        await job.RestoreAsync("k", "t");

        // 1. Unchanged: nothing but the manifest, and that is the one of before; no file is read.
        var before = job.Desk.Manifests["k"][^1];
        var unchanged = await SaveCountedAsync(job);
        Assert.Equal(before, job.Desk.Manifests["k"][^1]);
        Assert.Equal((0, 0), (unchanged.Sent, unchanged.Outcome.FilesRead));
        Assert.Equal(1, job.Desk.Kept);

        // 2. Touched, so that only content tells: it is read, not sent.
        File.SetLastWriteTimeUtc(job.At("t/d0/f7"), DateTime.UtcNow);
        var touched = await SaveCountedAsync(job);
        Assert.Equal((0, 1), (touched.Sent, touched.Outcome.FilesRead));

        // 3. One file changed: at most 1 % of all bytes, with the manifest.
        File.WriteAllText(job.At("t/d0/f8"), "changed");
        var one = await SaveCountedAsync(job);
        Assert.InRange(one.Sent + Manifest(job), 1, all / 100);

        // 4. 1 % of the files changed: at most 5 %.
        var random = new Random(4);
        for (var i = 0; i < Files; i += 100)
        {
            WriteFile(job.At(string.Create(CultureInfo.InvariantCulture, $"t/d{i / 100}/f{i}")), random);
        }

        var percent = await SaveCountedAsync(job);
        Assert.InRange(percent.Sent + Manifest(job), 1, all / 20);

        // 5. The same content under another key, in another job that restored nothing: read, not sent.
        using var other = new CacheJob(first, parent: Path.GetDirectoryName(first.Root));
        Shell.Run("cp", "-a", job.At("t"), other.At("t"));
        var elsewhere = await SaveCountedAsync(other, "other");
        Assert.Equal((0, Files), (elsewhere.Sent, elsewhere.Outcome.FilesRead));

        // 6. And what all this made is a cache that restores.
        using var last = new CacheJob(first, parent: Path.GetDirectoryName(first.Root));
        await last.RestoreAsync("other", "t");
        Assert.Equal(Shell.Describe(job.Workspace), Shell.Describe(last.Workspace));
    }

    [Fact]
    public async Task Save_AgainAndAgain_LeavesOldPacksBehind()
    {
        using var job = new CacheJob();
        var random = new Random(1);
        for (var i = 0; i < 40; i++)
        {
            WriteFile(job.At($"t/f{i}"), random);
        }

        for (var round = 0; round < 40; round++)
        {
            WriteFile(job.At($"t/f{round}"), random);
            await job.SaveAsync("k", "t");
        }

        var packs = ManifestFile.Read(job.Desk.Manifests["k"][^1]).Packs;
        Assert.InRange(packs.Count, 1, 26);
        using var other = new CacheJob(job);
        await other.RestoreAsync("k", "t");
        Assert.Equal(Shell.Describe(job.Workspace), Shell.Describe(other.Workspace));
    }

    [Fact]
    public async Task Restore_OfPartOfAPack_FetchesOnlyWhatIsNeeded()
    {
        using var first = new CacheJob();
        var random = new Random(2);
        for (var i = 0; i < 100; i++)
        {
            WriteFile(first.At($"a/f{i}"), random, 200_000);
        }

        await first.SaveAsync("k", "a");
        using var second = new CacheJob(first);

        var outcome = await second.RestoreAsync("k", "a/f1");

        Assert.Equal(1, outcome.Files);
        Assert.InRange(first.Server.BytesOut, 200_000, 3_000_000);
        Assert.Contains("99 files of the cache left out", second.Log, StringComparison.Ordinal);
    }

    private static async Task<(CacheOutcome Outcome, long Sent)> SaveCountedAsync(CacheJob job, string key = "k")
    {
        job.Server.ResetCounts();
        var outcome = await job.SaveAsync(key, "t");
        Assert.True(outcome.Result == CacheResult.Saved, job.Log);
        return (outcome, job.Server.BytesIn);
    }

    private static long Manifest(CacheJob job) => job.Desk.Manifests["k"][^1].Length;

    private static void MakeTree(string workspace)
    {
        var random = new Random(3);
        for (var i = 0; i < Files; i++)
        {
            WriteFile(Path.Combine(workspace, string.Create(CultureInfo.InvariantCulture, $"t/d{i / 100}/f{i}")), random);
        }
    }

    private static void WriteFile(string path, Random random, int size = 10_000)
    {
        var content = new byte[size];
        random.NextBytes(content);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }
}
