using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Faults;

/// <summary>The user, or the timeout, stops a job.</summary>
public sealed class CancelTests(TestCluster cluster)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Cancel_OfASleepInANestedShell_EndsSoonAndAfterScriptRuns()
    {
        var request = new JobRequest("bash -c 'bash -c \"echo run\"ning; sleep 301; true'") { AfterScript = ["pgrep -x sleep || echo none is left", "echo after $CI_JOB_STATUS"] };
        await using var job = new TestJob(cluster, request);
        var running = job.RunAsync();
        await job.Log.SawAsync("\nrunning\n");

        var begin = TimeProvider.System.GetTimestamp();
        job.Cancel();
        await job.Log.SawAsync("none is left");
        var taken = TimeProvider.System.GetElapsedTime(begin);
        var outcome = await running;

        Assert.Equal(JobResult.Canceled, outcome.Result);
        Assert.True(taken < Soon, $"It took {taken}");
        Assert.Contains("\nafter canceled\n", job.Log.Text);
        Assert.Equal(1, outcome.Calls.Single(c => c.Stage == "build_script").ExitCode);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Cancel_OfAScriptThatIgnoresTerm_KillsItAfterTheGrace()
    {
        await using var job = new TestJob(cluster, new JobRequest("trap '' TERM; echo run'ning'; while :; do sleep 1; done") { Options = "stop_grace_period = \"1s\"", AfterScript = ["echo after"] });
        var running = job.RunAsync();
        await job.Log.SawAsync("\nrunning\n");

        job.Cancel();
        var outcome = await running;

        Assert.Equal(JobResult.Canceled, outcome.Result);
        Assert.Contains("\nafter\n", job.Log.Text);
    }

    [Fact]
    public async Task Abort_OfARunningJob_LeavesNothing()
    {
        await using var job = new TestJob(cluster, new JobRequest("echo run'ning'; sleep 301") { AfterScript = ["echo after"] });
        var running = job.RunAsync();
        await job.Log.SawAsync("\nrunning\n");

        job.Abort();
        await running;

        Assert.DoesNotContain("\nafter\n", job.Log.Text);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Timeout_OfTheJob_EndsItAndLeavesNothing()
    {
        await using var job = new TestJob(cluster, new JobRequest("sleep 301") { Timeout = 5 });

        var outcome = await job.RunAsync();

        Assert.Equal("job_execution_timeout", outcome.FailureReason);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Prepare_StoppedWhileThePodStarts_DoesNotSucceedAndCleanupLeavesNothing()
    {
        await using var job = new TestJob(cluster, new JobRequest("true") { Options = "node_selector = { disk = \"none-has-this\" }" });
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var preparing = session.PrepareAsync(stop.Token);
        await job.Log.SawAsync("node(s) didn't match");

        await stop.CancelAsync();
        var prepare = await preparing;
        var cleanup = await session.CleanupAsync();

        Assert.Equal((2, CallStop.Terminated), (prepare.ExitCode, prepare.Stop));
        Assert.Equal(0, cleanup.ExitCode);
        await job.NothingIsLeftAsync();
    }
}
