using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Settings;

/// <summary>Limits, and where a pod may run.</summary>
public sealed class ResourceTests(TestCluster cluster)
{
    [Fact]
    public async Task MemoryLimit_OfTheJob_IsEnforcedAndNamed()
    {
        var request = new JobRequest("head -c 300M /dev/zero | tail -c 250M | wc -c")
        {
            Options = "memory_limit = \"1Gi\"\nmemory_limit_overwrite_max_allowed = \"2Gi\"",
            Variables = [JobRequest.Variable("KUBERNETES_MEMORY_LIMIT", "64Mi")],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.Equal((JobResult.Failed, "script_failure"), (outcome.Result, outcome.FailureReason));
        Assert.Contains("\"MemoryLimit\" overwritten with \"64Mi\"", job.Log.Text);
        Assert.Contains("for its memory", job.Log.Text);
        Assert.Contains("kubernetes.memory_limit", job.Log.Text);
    }

    [Theory]
    [InlineData("build_script")]
    [InlineData("get_sources")]
    public async Task FirstLine_WithOneProcessor_ArrivesBeforeTheNext(string stage)
    {
        // The script writes its second line 0.7 s after the first. A reader that holds the output of a stage's first second back shows both at once.
        const string script = "echo first; sleep 0.7; echo second";
        const int rounds = 5;
        await using var job = new TestJob(cluster, new JobRequest("true") { Options = "cpu_limit = \"1\"\nhelper_cpu_limit = \"1\"" });
        var alone = 0;
        using var session = new RunnerSession(job.Runner, job.Payload, async chunk =>
        {
            await job.Log.WriteAsync(chunk);
            if (chunk.Span.IndexOf("first\n"u8) >= 0 && chunk.Span.IndexOf("second"u8) < 0)
            {
                alone++;
            }
        }, TimeProvider.System);
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        Assert.True((await session.PrepareAsync(TestContext.Current.CancellationToken)).ExitCode == 0, job.Log.Text);

        for (var i = 0; i < rounds; i++)
        {
            Assert.Equal("first\nsecond\n", (await session.RunAsync(stage, script, TestContext.Current.CancellationToken)).Stdout.Text);
        }

        await session.CleanupAsync();

        // A machine that is busy may delay one of them for so long, but not most.
        Assert.True(alone > rounds / 2, $"Only {alone} of {rounds} first lines arrived before the second one.");
    }

    [Fact]
    public async Task Limits_OfAProfile_AreTheContainers()
    {
        var request = new JobRequest("cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2> /dev/null")
        {
            Options = "memory_limit = \"1Gi\"\n[profiles.small]\nallowed_projects = [\"group/*\"]\nmemory_limit = \"96Mi\"",
            Variables = [JobRequest.Variable("POD_PROFILE", "small")],
        };
        await using var job = new TestJob(cluster, request);

        await job.RunAsync();

        Assert.Contains("Using profile small", job.Log.Text);
        Assert.Contains($"\n{96 * 1024 * 1024}\n", job.Log.Text);
    }

    [Fact]
    public async Task NodeSelector_ThatFitsNoNode_IsExplained()
    {
        await using var job = new TestJob(cluster, new JobRequest("true") { Options = "node_selector = { disktype = \"none-such\" }\npoll_timeout = 6" });
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);

        var prepare = await session.PrepareAsync(TestContext.Current.CancellationToken);
        await session.CleanupAsync();

        Assert.Equal(2, prepare.ExitCode);
        Assert.Contains("still waiting for no node for the pod", job.Log.Text);
        Assert.Contains("kubernetes.node_selector (disktype=none-such)", job.Log.Text);
    }

    [Fact]
    public async Task DisruptionBudget_OfAJob_IsThePods()
    {
        await using var job = new TestJob(cluster, new JobRequest("true") { Options = "pod_disruption_budget = true" });
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        await session.PrepareAsync(TestContext.Current.CancellationToken);

        var budget = await cluster.GetAsync(job.Namespace, "poddisruptionbudget", job.Pod);
        await session.CleanupAsync();

        Assert.Equal(1, budget.GetProperty("spec").GetProperty("minAvailable").GetInt32());
        Assert.Equal(job.Pod, budget.GetProperty("metadata").GetProperty("ownerReferences")[0].GetProperty("name").GetString());
    }
}
