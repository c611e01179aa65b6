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
