using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>What prepare decided counts for the job, whatever becomes of the files that it was decided from.</summary>
public sealed class JobFileTests
{
    private const string Secret = "token-of-the-fake";

    [Fact]
    public async Task Options_ChangedInMidJob_ChangeNothingForTheJob()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        job.WriteOptions("[kubernetes]\nnamespace = \"elsewhere\"\nhost = \"http://127.0.0.1:1\"\nhelper_imag = 1\n");
        File.Delete(job.Kubeconfig);
        File.Delete(Path.Combine(session.Directory, "response.json"));
        var run = await session.RunAsync("build_script", "echo it runs", TestContext.Current.CancellationToken);
        var cleanup = await session.CleanupAsync();

        Assert.True((run.ExitCode, cleanup.ExitCode) == (0, 0), job.Log + cleanup.Stderr.Text);
        Assert.Contains("it runs", job.Log);
        Assert.Empty(cluster.Objects);
    }

    [Fact]
    public async Task Options_ChangedInMidJob_ChangeNothingForItsCaches()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, "\n[cache.s3]\nserver_address = \"127.0.0.1:1\"\nbucket_name = \"caches\"\naccess_key = \"a\"\nsecret_key = \"b\"\ninsecure = true\n");
        using var session = await job.PreparedAsync();

        job.WriteOptions("not toml");
        var run = await session.RunAsync("restore_cache", "echo the runner\\'s own script", TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, job.Log);
        Assert.DoesNotContain("the runner's own script", job.Log);
    }

    [Fact]
    public async Task JobFile_OfAJob_IsItsOwnersOnlyAndGoesWithCleanup()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var file = JobFileStore.PathIn(session.Directory);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Contains(Secret, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));

        await session.CleanupAsync();

        Assert.False(File.Exists(file));
        Assert.DoesNotContain(Secret, job.Log);
    }

    [Fact]
    public async Task Cleanup_ThatFails_KeepsTheJobFileForTheNext()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, "request_timeout = \"1s\"");
        using var session = await job.PreparedAsync();
        cluster.Fault = async (_, context) =>
        {
            await FakeCluster.RefuseAsync(context, 403, "Forbidden", "may not");
            return true;
        };

        var failed = await session.CleanupAsync();
        cluster.Fault = null;

        Assert.Equal(ContractJob.SystemFailure, failed.ExitCode);
        Assert.True(File.Exists(JobFileStore.PathIn(session.Directory)));
        Assert.Equal(0, (await session.CleanupAsync()).ExitCode);
        Assert.Empty(cluster.Objects);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"version\":1")]
    [InlineData("{\"version\":999}")]
    [InlineData("null")]
    public async Task JobFile_Damaged_FailsRunClearlyAndCleanupDoesWithoutIt(string content)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var file = JobFileStore.PathIn(session.Directory);
        await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);

        var run = await session.RunAsync("build_script", "true", TestContext.Current.CancellationToken);
        var cleanup = await session.CleanupAsync();

        Assert.Equal((ContractJob.SystemFailure, 0), (run.ExitCode, cleanup.ExitCode));
        Assert.Contains($"the state file {file} cannot be used", job.Log);
        Assert.Empty(cluster.Objects);
    }

    [Fact]
    public async Task Run_WithoutAPrepare_IsTheSystemsFaultAndSaysSo()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);

        var run = await session.RunAsync("build_script", "true", TestContext.Current.CancellationToken);

        Assert.Equal(ContractJob.SystemFailure, run.ExitCode);
        Assert.Contains("prepare has left no state file", job.Log);
        Assert.Empty(cluster.Requests);
    }

    [Fact]
    public async Task Cleanup_AfterAPrepareThatFailed_DeletesWhatIsThere()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        cluster.Fault = async (request, context) =>
        {
            if (request == "POST pods")
            {
                await FakeCluster.RefuseAsync(context, 403, "Forbidden", "no quota");
            }

            return request == "POST pods";
        };
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ContractJob.SystemFailure, (await session.PrepareAsync(TestContext.Current.CancellationToken)).ExitCode);

        Assert.Equal((0, CallStop.None), ((await session.CleanupAsync()).ExitCode, session.Calls[^1].Stop));
        Assert.Empty(cluster.Objects);
    }
}
