using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Settings;

/// <summary>Who a job is in its pod, and where the pod is.</summary>
public sealed class IdentityTests(TestCluster cluster)
{
    [Fact]
    public async Task NonRoot_OnAReadOnlyRoot_HasAHomeAndAProject()
    {
        var request = new JobRequest("id -u; echo home > $HOME/file && cat $HOME/file; echo project > file && ls -ln file", "if touch /x 2> /dev/null; then exit 9; fi")
        {
            Options = """
                read_only_root_filesystem = true
                allow_privilege_escalation = false
                cap_drop = ["ALL"]
                [kubernetes.pod_security_context]
                run_as_user = 1234
                run_as_group = 1234
                run_as_non_root = true
                """,
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\n1234\nhome\n", job.Log.Text);
    }

    [Fact]
    public async Task User_OfTheJobsImage_RunsItsScript()
    {
        await using var job = new TestJob(cluster, new JobRequest("id -u; id -g; touch file && ls -ln file"));
        job.Payload = job.Payload with
        {
            Image = new PayloadImage { Name = "docker.io/pex/debian:12", ExecutorOpts = new PayloadExecutorOptions { Kubernetes = new PayloadKubernetesOptions { User = "1500:1600" } } },
        };

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\n1500\n1600\n", job.Log.Text);
    }

    [Fact]
    public async Task Namespace_OfTheJob_GoesWithIt()
    {
        await using var job = new TestJob(cluster, new JobRequest("echo here") { Options = "namespace_per_job = true" });
        var name = $"ci-job-{job.Payload.Id}";

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains($"in namespace {name}", job.Log.Text);
        await Until.TrueAsync(async () => (await cluster.KubectlAsync("get", "namespace", name, "--ignore-not-found", "-o", "jsonpath={.status.phase}")) != "Active", "the namespace to go");
    }

    [Fact]
    public async Task PullPolicies_InTurn_TakeTheImageOfTheNode()
    {
        // No registry has the test images: always fails, the node has them.
        await using var job = new TestJob(cluster, new JobRequest("echo pulled not") { PullPolicy = "always\", \"if-not-present" });

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("could not be pulled with policy Always: trying IfNotPresent", job.Log.Text);
    }
}
