using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>cleanup, whatever came before it.</summary>
public sealed class CleanupTests
{
    [Fact]
    public async Task Cleanup_WithoutAnyOtherCall_SucceedsAndDeletesWhatWouldBeTheJobs()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using (await job.PreparedAsync())
        {
            // A second session knows nothing of this one's job_env.
        }

        using var other = job.Session();
        var cleanup = await other.CleanupAsync();

        Assert.Equal(0, cleanup.ExitCode);
        Assert.Empty(cluster.Objects);
    }

    [Fact]
    public async Task Cleanup_Twice_SucceedsTwice()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        Assert.Equal(0, (await session.CleanupAsync()).ExitCode);
        Assert.Equal(0, (await session.CleanupAsync()).ExitCode);
        Assert.Empty(cluster.Objects);
    }

    [Fact]
    public async Task Cleanup_BesideALiveRun_EndsIt()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var running = session.RunAsync("build_script", "echo running; sleep 300", TestContext.Current.CancellationToken);
        await job.SawAsync("running\n");

        var cleanup = await session.CleanupAsync();
        var run = await running;

        Assert.Equal((0, ContractJob.SystemFailure), (cleanup.ExitCode, run.ExitCode));
        Assert.Contains("is gone while the job runs", job.Log);
    }

    [Fact]
    public async Task Cleanup_WithoutAnApiServer_FailsAsSystemAndSaysWhy()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, "request_timeout = \"1s\"");
        await cluster.StopAsync();
        using var session = job.Session();

        var cleanup = await session.CleanupAsync();

        Assert.Equal(ContractJob.SystemFailure, cleanup.ExitCode);
        Assert.Contains("The cluster does not do what cleanup needs", cleanup.Stderr.Text + cleanup.Stdout.Text);
    }

    [Theory]
    [InlineData("config")]
    [InlineData("prepare")]
    [InlineData("cleanup")]
    public async Task Call_WithStdinAndPipes_EndsWithNobodyHoldingThem(string last)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        if (last != "config")
        {
            await session.PrepareAsync(TestContext.Current.CancellationToken);
        }

        if (last == "cleanup")
        {
            await session.CleanupAsync();
        }

        // The double waits for the end of both pipes, as gitlab-runner does; Abandoned would be its answer to a holder.
        Assert.Equal((0, CallStop.None), (session.Calls[^1].ExitCode, session.Calls[^1].Stop));
    }
}
