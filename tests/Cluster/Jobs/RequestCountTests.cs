using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>How much of the API server a job takes, by the server's own audit log.</summary>
public sealed class RequestCountTests(TestCluster cluster)
{
    private const int MostBesideStages = 10;

    [Fact]
    public async Task Job_WithServiceAndLogin_NeedsAtMostTenRequestsAndOnePerStage()
    {
        var ns = await cluster.NewNamespaceAsync();
        var request = new JobRequest("true")
        {
            Namespace = ns,
            AfterScript = ["true"],
            Services = [new PayloadImage { Name = "docker.io/pex/web:1", Variables = [JobRequest.Variable("WEB_PORT", "8001")] }],
            Credentials = [new PayloadCredential { Url = "private.registry.test", Username = "ci", Password = "registry-password" }],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();
        await job.NothingIsLeftAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        var requests = AuditEntries.OfDriver(cluster, ns);
        var stages = outcome.Calls.Count(c => c.Call == "run");

        // One for each script, and one that waits for the service.
        Assert.Equal(stages + 1, requests.Count(r => r.EndsWith("pods/exec", StringComparison.Ordinal)));
        Assert.True(requests.Count <= MostBesideStages + stages, $"{requests.Count} requests for {stages} stages: {string.Join(", ", requests)}");
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', requests));
    }

    [Fact]
    public async Task Script_SilentForThirtySeconds_NeedsNoRequest()
    {
        var ns = await cluster.NewNamespaceAsync();
        await using var job = new TestJob(cluster, new JobRequest("echo be'gin'; sleep 30; echo fin'ish'") { Namespace = ns });
        var running = job.RunAsync();

        await job.Log.SawAsync("\nbegin\n");
        await Until.TrueAsync(() => Task.FromResult(AuditEntries.OfDriver(cluster, ns).Count > 0), "the audit log to be written");
        var before = AuditEntries.OfDriver(cluster, ns).Count;
        await job.Log.SawAsync("\nfinish\n");
        var during = AuditEntries.OfDriver(cluster, ns).Skip(before).ToList();
        var outcome = await running;

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Empty(during);
        Assert.True(AuditEntries.OfDriver(cluster, ns).Count > before, "The log must go on after the silence.");
    }
}
