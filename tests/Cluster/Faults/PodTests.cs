using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Faults;

/// <summary>Pods that cannot start, or that end while they are needed: who is to blame, and what the log says.</summary>
public sealed class PodTests(TestCluster cluster)
{
    private const int BuildFailure = 1;
    private const int SystemFailure = 2;

    [Fact]
    public async Task Image_ThatDoesNotExist_FailsTheJobSoonAndSaysWhy()
    {
        await using var job = new TestJob(cluster, new JobRequest("true") { Image = "any.host/team/no-such-image:1" });

        var outcome = await job.RunAsync();

        var prepare = outcome.Calls.Single(c => c.Stage == "prepare");
        Assert.Equal(BuildFailure, prepare.ExitCode);
        Assert.True(prepare.Duration < TimeSpan.FromSeconds(15), $"prepare took {prepare.Duration}");
        Assert.Contains("any.host/team/no-such-image:1", job.Log.Text);
        Assert.Contains("not found", job.Log.Text);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Image_WithANameThatIsNone_FailsTheJob()
    {
        await using var job = new TestJob(cluster, new JobRequest("true") { Image = "NOT/An Image" });

        var outcome = await job.RunAsync();

        Assert.Equal((JobResult.Failed, 1), (outcome.Result, outcome.Calls.Count(c => c.Stage is "config" or "prepare" && c.ExitCode == BuildFailure)));
        Assert.Contains("NOT/An Image", job.Log.Text);
    }

    [Fact]
    public async Task Pod_ThatNoNodeTakes_SaysWhyAndEndsAtItsTimeout()
    {
        var request = new JobRequest("true")
        {
            Options = """
                poll_timeout = "3s"
                node_selector = { disk = "none-has-this" }
                """,
        };
        await using var job = new TestJob(cluster, request);
        job.Runner = job.Runner with { PreparationTries = 1 };

        var outcome = await job.RunAsync();

        var prepare = outcome.Calls.Single(c => c.Stage == "prepare");
        Assert.Equal(SystemFailure, prepare.ExitCode);
        Assert.InRange(prepare.Duration.TotalSeconds, 2.9, 15);
        Assert.Contains("The pod did not start within 3 s", job.Log.Text);
        Assert.Contains("node(s) didn't match", job.Log.Text);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task HelperImage_ThatCannotBePulled_IsTheOperatorsFault()
    {
        await using var job = new TestJob(cluster, new JobRequest("true") { PullPolicy = "always" });
        job.Runner = job.Runner with { PreparationTries = 1 };

        var outcome = await job.RunAsync();

        Assert.Equal(SystemFailure, outcome.Calls.Single(c => c.Stage == "prepare").ExitCode);
        Assert.Contains("ERROR: The image docker.io/pex/helper:dev of container helper cannot be pulled", job.Log.Text);
        Assert.Contains("kubernetes.helper_image", job.Log.Text);
    }

    [Fact]
    public async Task Script_WhoseChildIsKilledForMemory_IsToldWithLimitAndPeak()
    {
        await using var job = new TestJob(cluster, new JobRequest("head -c 300m /dev/zero | tail") { Options = "memory_limit = \"64Mi\"", AfterScript = ["echo after"] });

        var outcome = await job.RunAsync();

        Assert.Equal("script_failure", outcome.FailureReason);
        Assert.Contains("The kernel killed a process of the script for its memory (OOM)", job.Log.Text);
        Assert.Contains("limit 64 MiB, peak 6", job.Log.Text);
        Assert.Contains("kubernetes.memory_limit", job.Log.Text);
        Assert.Contains("\nafter\n", job.Log.Text);
    }

    [Fact]
    public async Task Container_KilledForMemoryAsAWhole_IsToldSo()
    {
        // The kernel is made to prefer the agent, PID 1: it is bigger than each of the many that use up the memory.
        const string script = "echo 1000 > /proc/1/oom_score_adj; for i in $(seq 40); do (head -c 3m /dev/zero; sleep 60) | tail > /dev/null & done; wait";
        await using var job = new TestJob(cluster, new JobRequest(script) { Options = "memory_limit = \"64Mi\"" });

        var outcome = await job.RunAsync();

        Assert.Equal(BuildFailure, outcome.Calls.Single(c => c.Stage == "build_script").ExitCode);
        Assert.True(job.Log.Text.Contains("The build container was killed for its memory", StringComparison.Ordinal), job.Log.Text);
        Assert.Contains("64Mi", job.Log.Text);
    }

    [Fact]
    public async Task Pod_DeletedWhileTheScriptRuns_IsNotTheJobsFault()
    {
        await using var job = new TestJob(cluster, new JobRequest("echo run'ning'; sleep 300"));
        var running = job.RunAsync();
        await job.Log.SawAsync("\nrunning\n");

        await cluster.KubectlAsync("delete", "pod", job.Pod, "-n", job.Namespace, "--wait=false");
        var outcome = await running;

        Assert.Equal("runner_system_failure", outcome.FailureReason);
        Assert.Equal(SystemFailure, outcome.Calls.Single(c => c.Stage == "build_script").ExitCode);
        Assert.Matches("Pod job-.* was deleted while the job ran|Pod job-.* is gone while the job runs", job.Log.Text);
    }

    [Fact]
    public async Task Cleanup_BesideALiveRun_EndsBoth()
    {
        await using var job = new TestJob(cluster, new JobRequest("true"));
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        await session.PrepareAsync(TestContext.Current.CancellationToken);
        var running = session.RunAsync("build_script", "echo running; sleep 300", TestContext.Current.CancellationToken);
        await job.Log.SawAsync("running\n");

        var cleanup = await session.CleanupAsync();
        var run = await running;

        Assert.Equal((0, SystemFailure), (cleanup.ExitCode, run.ExitCode));
        await job.NothingIsLeftAsync();
    }
}
