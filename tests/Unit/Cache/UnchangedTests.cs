using PodExecutor.Agent.Cache;
using PodExecutor.Tests.Unit.Cache.Doubles;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>When a restored manifest may stand for a save, and when not.</summary>
public class UnchangedTests
{
    public static TheoryData<string, string> Changes => new()
    {
        { "content", "echo more >> t/a/file" },
        { "content of the same size and time", "touch -r t/a/file stamp; printf FILE > t/a/file; touch -r stamp t/a/file" },
        { "mode", "chmod 700 t/a/file" },
        { "mode of a directory", "chmod 700 t/a" },
        { "time of a directory", "touch -d @1000 t/a" },
        { "a file more", "touch t/a/new" },
        { "a file less", "rm t/b" },
        { "target of a link", "ln -sfn b t/link" },
        { "a hard link that is a file now", "cp t/hard t/x && mv t/x t/hard" },
        { "a directory more", "mkdir t/empty2" },
    };

    [Fact]
    public async Task Save_OfAllThatWasRestored_KeepsTheManifest()
    {
        using var first = await SavedAsync();
        using var job = new CacheJob(first);
        await job.RestoreAsync("k", "t");

        var outcome = await job.SaveAsync("k", "t");

        Assert.Equal((1, CacheResult.Saved, 0L, 3L), (job.Desk.Kept, outcome.Result, outcome.FilesRead, outcome.Files));
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Save_AfterAChange_MakesANewManifestThatRestoresIt(string what, string change)
    {
        using var first = await SavedAsync();
        using var job = new CacheJob(first);
        await job.RestoreAsync("k", "t");
        Shell.Run("bash", "-euc", $"cd '{job.Workspace}'; {change}; rm -f stamp");

        await job.SaveAsync("k", "t");

        Assert.True(job.Desk.Kept == 0, what);
        await AssertRestoresAsync(job);
    }

    [Fact]
    public async Task Save_WhenAnotherJobHasSavedTheKeySince_IsNotKept()
    {
        using var first = await SavedAsync();
        using var job = new CacheJob(first);
        await job.RestoreAsync("k", "t");
        await File.WriteAllTextAsync(first.At("t/b"), "another", TestContext.Current.CancellationToken);
        await first.SaveAsync("k", "t");

        await job.SaveAsync("k", "t");

        Assert.Equal(0, job.Desk.Kept);
        await AssertRestoresAsync(job);
    }

    [Fact]
    public async Task Save_AfterARestoreOfAPart_IsNotKept()
    {
        using var first = await SavedAsync();
        using var job = new CacheJob(first);
        await job.RestoreAsync("k", "t/a");

        await job.SaveAsync("k", "t/a");

        Assert.Equal(0, job.Desk.Kept);
    }

    private static async Task AssertRestoresAsync(CacheJob job)
    {
        using var last = new CacheJob(job);
        await last.RestoreAsync("k", "t");
        Assert.Equal(Shell.Describe(job.Workspace), Shell.Describe(last.Workspace));
    }

    private static async Task<CacheJob> SavedAsync()
    {
        var job = new CacheJob();
        Shell.Run(
            "bash", "-euc",
            $"cd '{job.Workspace}'; mkdir -p t/a t/empty; printf file > t/a/file; printf b > t/b; printf h > t/first; ln t/first t/hard; ln -s a/file t/link");
        await job.SaveAsync("k", "t");
        return job;
    }
}
