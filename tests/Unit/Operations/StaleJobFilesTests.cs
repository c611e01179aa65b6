using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Operations.Gc;
using PodExecutor.Tests.Unit.Job;

namespace PodExecutor.Tests.Unit.Operations;

/// <summary>What a killed runner leaves on its machine.</summary>
public sealed class StaleJobFilesTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private readonly string _directory = Directory.CreateTempSubdirectory("stale-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Sweep_BesideJobsThatMayRun_DeletesOnlyTheExpired()
    {
        var living = Add("custom-executor1", Now.AddMinutes(1));
        var ending = Add("custom-executor2", Now.AddMinutes(-5));
        var dead = Add("custom-executor3", Now.AddHours(-3));
        var foreign = Add("elsewhere", Now.AddHours(-3));

        var (done, text) = await SweepAsync(dryRun: false);

        Assert.True(done);
        Assert.Equal([true, true, false, true], new[] { living, ending, dead, foreign }.Select(File.Exists));
        Assert.Equal($"swept: state file {dead}: its job ended 3 h ago at the latest\n", text);
    }

    [Fact]
    public async Task Sweep_OfADamagedFile_WaitsForTheLongestJob()
    {
        var young = Add("custom-executor1", Now);
        var old = Add("custom-executor2", Now);
        foreach (var (file, age) in new[] { (young, 20), (old, 40) })
        {
            await File.WriteAllTextAsync(file, "{", TestContext.Current.CancellationToken);
            File.SetLastWriteTimeUtc(file, Now.UtcDateTime.AddDays(-age));
        }

        await SweepAsync(dryRun: false);

        Assert.True(File.Exists(young));
        Assert.False(File.Exists(old));
    }

    [Fact]
    public async Task Sweep_Dry_OnlyTells()
    {
        var dead = Add("custom-executor3", Now.AddHours(-3));

        var (_, text) = await SweepAsync(dryRun: true);

        Assert.True(File.Exists(dead));
        Assert.StartsWith($"would be swept: state file {dead}", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sweep_WithoutTheDirectory_IsDone() =>
        Assert.True(await new StaleJobFiles(Path.Combine(_directory, "none"), Request(false), TextWriter.Null).SweepAsync(Now));

    private string Add(string runnerDirectory, DateTimeOffset expiry)
    {
        var file = JobFileStore.PathIn(Directory.CreateDirectory(Path.Combine(_directory, runnerDirectory)).FullName);
        JobFileStore.Save(file, JobFileTests.Sample() with { ExpiresAt = expiry });
        return file;
    }

    private async Task<(bool Done, string Text)> SweepAsync(bool dryRun)
    {
        using var output = new StringWriter { NewLine = "\n" };
        return (await new StaleJobFiles(_directory, Request(dryRun), output).SweepAsync(Now), output.ToString());
    }

    private static GcRequest Request(bool dryRun) => new(["ci"], TimeSpan.FromMinutes(10), null, dryRun);
}
