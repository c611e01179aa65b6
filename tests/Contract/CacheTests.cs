using System.Net;
using System.Net.Sockets;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>Cache stages: the runner's script is not run, the agent asks the driver, and nothing fails the job.</summary>
public sealed class CacheTests
{
    private const string Script = "echo the runner\\'s own script";

    [Fact]
    public async Task Restore_WithAStoreThatIsAway_IsAWarningAndSuccess()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, Options(Nobody()), new PayloadCache { Key = "k", Paths = ["target"] });
        var project = $"contract-{Guid.NewGuid():N}";
        job.Payload = job.Payload with { JobInfo = job.Payload.JobInfo with { ProjectFullPath = project } };
        using var session = await job.PreparedAsync();

        // The fake pod is this machine; the agent wants the project's directory to be there.
        var workspace = Directory.CreateDirectory($"/builds/{project}");
        var run = await session.RunAsync("restore_cache", Script, TestContext.Current.CancellationToken);
        workspace.Delete();

        Assert.True(run.ExitCode == 0, job.Log);
        Assert.DoesNotContain("the runner's own script", job.Log);
        Assert.Contains("cannot be reached", job.Log);
        Assert.Equal(1, cluster.Requests.Count(r => r.EndsWith("/exec", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Stage_WithNothingToDo_AsksNobody()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, Options(Nobody()), new PayloadCache { Key = "k", Paths = ["target"], Policy = "push" });
        using var session = await job.PreparedAsync();
        var before = cluster.Requests.Count;

        var run = await session.RunAsync("restore_cache", Script, TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, job.Log);
        Assert.Contains("Not downloading cache k due to policy", job.Log);
        Assert.Equal(before, cluster.Requests.Count);
    }

    [Fact]
    public async Task Stage_WithoutALogin_IsAWarningAndSuccess()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, Options(Nobody()).Replace("access_key", "#", StringComparison.Ordinal).Replace("secret_key", "#", StringComparison.Ordinal), new PayloadCache { Key = "k", Paths = ["target"] });
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync("restore_cache", Script, TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, job.Log);
        Assert.Contains("AWS_ACCESS_KEY_ID", job.Log);
    }

    [Fact]
    public async Task Stage_WithoutATable_RunsTheRunnersScript()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, "", new PayloadCache { Key = "k", Paths = ["target"] });
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync("restore_cache", Script, TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, job.Log);
        Assert.Contains("the runner's own script", job.Log);
    }

    private static ContractJob Job(FakeCluster cluster, string options, PayloadCache cache)
    {
        var job = new ContractJob(cluster, options);
        job.Payload = job.Payload with { Cache = [cache] };
        return job;
    }

    private static string Options(string server) => $"""
        [cache]
        retry_budget = 0
        [cache.s3]
        server_address = "{server}"
        bucket_name = "b"
        insecure = true
        access_key = "a"
        secret_key = "s"
        """;

    /// <summary>A port on which nobody listens.</summary>
    private static string Nobody()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }
}
