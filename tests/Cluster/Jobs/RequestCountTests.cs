using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>How much of the API server a job takes, by the server's own audit log.</summary>
public sealed class RequestCountTests(TestCluster cluster)
{
    private const int MostOfTrivialJob = 9;
    private const int MostOfFullJob = 14;

    /// <summary>The first contact with each of the two containers; all that follows goes through port-forwards.</summary>
    private const int Execs = 2;

    [Fact]
    public async Task TrivialJob_WithoutSources_NeedsAtMostNineRequests()
    {
        var (requests, _) = await OfTrivialJobAsync(request => request);

        Assert.True(requests.Count <= MostOfTrivialJob, $"{requests.Count} requests: {string.Join(", ", requests)}");
    }

    [Fact]
    public async Task TrivialJob_WithoutSources_NeedsTwoExecs()
    {
        var (requests, _) = await OfTrivialJobAsync(request => request);

        Assert.True(Count(requests, "pods/exec") == Execs, string.Join(", ", requests));
    }

    [Fact]
    public async Task FullJob_WithCloneCacheAndArtifact_NeedsAtMostFourteenRequests()
    {
        var requests = await OfFullJobAsync();

        Assert.True(requests.Count <= MostOfFullJob, $"{requests.Count} requests: {string.Join(", ", requests)}");
    }

    [Fact]
    public async Task FullJob_WithCloneCacheAndArtifact_NeedsTwoExecs()
    {
        var requests = await OfFullJobAsync();

        Assert.True(Count(requests, "pods/exec") == Execs, string.Join(", ", requests));
    }

    [Fact]
    public async Task Job_WithServiceAndLogin_NeedsTwoExecsAndAtMostTenRequestsBesideItsStages()
    {
        var (requests, stages) = await OfTrivialJobAsync(request => request with
        {
            AfterScript = ["true"],
            Services = [new PayloadImage { Name = "docker.io/pex/web:1", Variables = [JobRequest.Variable("WEB_PORT", "8001")] }],
            Credentials = [new PayloadCredential { Url = "private.registry.test", Username = "ci", Password = "registry-password" }],
        });

        Assert.True(Count(requests, "pods/exec") == Execs, string.Join(", ", requests));

        // Whether a service is over is asked again until the API server knows that it has started: how often is up to the kubelet.
        var counted = requests.Count(r => r != "get pods/log");
        Assert.True(counted <= 10 + stages, $"{counted} requests for {stages} stages: {string.Join(", ", requests)}");
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

    private static int Count(IEnumerable<string> requests, string resource) => requests.Count(r => r.EndsWith(resource, StringComparison.Ordinal));

    private async Task<(IReadOnlyList<string> Requests, int Stages)> OfTrivialJobAsync(Func<JobRequest, JobRequest> change)
    {
        var ns = await cluster.NewNamespaceAsync();
        await using var job = new TestJob(cluster, change(new JobRequest("true") { Namespace = ns }));

        var outcome = await job.RunAsync();
        await job.NothingIsLeftAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        return (Shown(AuditEntries.OfDriver(cluster, ns)), outcome.Calls.Count(c => c.Call == "run"));
    }

    private async Task<IReadOnlyList<string>> OfFullJobAsync()
    {
        var server = await S3Server.OpenAsync();
        var ns = await cluster.NewNamespaceAsync();
        using var project = await TryProject.CreateAsync(cluster, """
            job:
              script: [mkdir -p target, head -c 1000000 /dev/urandom > target/data, echo result > result.txt]
              cache: {key: full, paths: [target/]}
              artifacts: {paths: [result.txt]}
            """, ns);
        project.AddOptions("\n" + server.Toml());

        await project.PassAsync();

        return Shown(AuditEntries.OfDriver(cluster, ns));
    }

    private static IReadOnlyList<string> Shown(IReadOnlyList<string> requests)
    {
        TestContext.Current.TestOutputHelper?.WriteLine($"{requests.Count} requests:\n{string.Join('\n', requests)}");
        return requests;
    }
}
