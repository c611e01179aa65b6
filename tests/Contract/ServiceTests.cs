using System.Net;
using System.Net.Sockets;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>Services are waited for by their ports, and shown.</summary>
public sealed class ServiceTests
{
    /// <summary>A port that nobody listens on (RFC 1078), and that no system gives out.</summary>
    private const int Tcpmux = 1;

    [Fact]
    public async Task Service_ThatListens_CostsOneRequest()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var job = Job(cluster, ((IPEndPoint)listener.LocalEndpoint).Port);

        using var session = await job.PreparedAsync();

        Assert.Single(cluster.Requests, r => r.EndsWith("/exec", StringComparison.Ordinal));
        Assert.DoesNotContain(cluster.Requests, r => r.EndsWith("/log", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Service_ThatNeverListens_IsExplainedWithItsLastLines()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, Tcpmux, "wait_for_services_timeout = 1");
        cluster.Logs["db"] = "FATAL: password is empty\n";
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);

        var prepare = await session.PrepareAsync(TestContext.Current.CancellationToken);

        Assert.True(prepare.ExitCode == ContractJob.BuildFailure, job.Log);
        Assert.Contains("Service db (postgres:16) is not ready: port", job.Log);
        Assert.Contains("FATAL: password is empty", job.Log);
        Assert.Contains("kubernetes.wait_for_services_timeout", job.Log);
    }

    [Fact]
    public async Task Service_ThatHasEnded_IsNotWaitedForLonger()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, Tcpmux, "wait_for_services_timeout = \"30m\"");
        cluster.OnCreate = pod =>
        {
            FakeCluster.Run(pod);
            pod["status"]!["containerStatuses"]!.AsArray().Single(c => c!["name"]!.GetValue<string>() == "db")!["state"] =
                new System.Text.Json.Nodes.JsonObject { ["terminated"] = new System.Text.Json.Nodes.JsonObject { ["exitCode"] = 3 } };
        };
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);

        var prepare = await session.PrepareAsync(TestContext.Current.CancellationToken);

        Assert.True(prepare.ExitCode == ContractJob.BuildFailure, job.Log);
        Assert.Contains("it ended with exit code 3", job.Log);
    }

    [Fact]
    public async Task Logs_ThatTheJobWantsToSee_AreShownOnce()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Shown(cluster);
        cluster.Logs["db"] = "2026-01-01T00:00:00.000000001Z first line\n";
        using var session = await job.PreparedAsync();

        await session.RunAsync("build_script", "true", TestContext.Current.CancellationToken);
        await session.RunAsync("get_sources", "true", TestContext.Current.CancellationToken);
        cluster.Logs["db"] += "2026-01-01T00:00:00.000000002Z second line\n";
        await session.RunAsync("cleanup_file_variables", "true", TestContext.Current.CancellationToken);

        Assert.Equal(1, job.Log.Split("[service:db] first line").Length - 1);
        Assert.Equal(1, job.Log.Split("[service:db] second line").Length - 1);
    }

    [Theory]
    [InlineData("build_script")]
    [InlineData("cleanup_file_variables")]
    public async Task Logs_OfAServiceThatIsNotKnownToRun_AreAskedForAgain(string stage)
    {
        var refusals = 2;
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Logs["db"] = "2026-01-01T00:00:00.000000001Z first line\n";
        cluster.Fault = async (request, context) =>
        {
            if (!request.EndsWith("/log", StringComparison.Ordinal) || Interlocked.Decrement(ref refusals) < 0)
            {
                return false;
            }

            await FakeCluster.RefuseAsync(context, 400, "BadRequest", "container \"db\" in pod is waiting to start: ContainerCreating");
            return true;
        };
        using var job = Shown(cluster);
        using var session = await job.PreparedAsync();
        var seen = Path.Combine(job.Folder, "seen");

        var run = session.RunAsync(stage, $"for look in $(seq 600); do [ -e {seen} ] && exit; sleep 0.1; done; exit 1", TestContext.Current.CancellationToken);
        await Until.TrueAsync(() => job.Log.Contains("[service:db] first line", StringComparison.Ordinal) || stage != "build_script", "the service's log");
        await File.WriteAllTextAsync(seen, "", TestContext.Current.CancellationToken);
        var ended = await run;

        Assert.True(ended.ExitCode == 0, job.Log);
        Assert.True(job.Log.Split("[service:db] first line").Length == 2, job.Log);
        Assert.DoesNotContain("cannot be shown", job.Log);
    }

    [Fact]
    public async Task Logs_OfAServiceThatNeverStarts_AreToldToBeMissing()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Fault = async (request, context) =>
        {
            var refused = request.EndsWith("/log", StringComparison.Ordinal);
            await (refused ? FakeCluster.RefuseAsync(context, 400, "BadRequest", "container is waiting to start: trying and failing to pull image") : Task.CompletedTask);
            return refused;
        };
        using var job = Shown(cluster);
        using var session = await job.PreparedAsync();

        await session.RunAsync("build_script", "true", TestContext.Current.CancellationToken);
        await session.RunAsync("cleanup_file_variables", "true", TestContext.Current.CancellationToken);

        Assert.Equal(2, job.Log.Split("The log of service db cannot be shown: ").Length);
        Assert.Contains("trying and failing to pull image", job.Log);
    }

    private static ContractJob Job(FakeCluster cluster, int port, string options = "")
    {
        var job = new ContractJob(cluster, options);
        job.Payload = job.Payload with
        {
            Services = [new PayloadImage { Name = "postgres:16", Alias = "db", Variables = [new JobVariable { Key = "HEALTHCHECK_TCP_PORT", Value = $"{port}" }] }],
        };
        return job;
    }

    /// <summary>A job that wants to see its service's log.</summary>
    private static ContractJob Shown(FakeCluster cluster)
    {
        var job = new ContractJob(cluster, "wait_for_services_timeout = 0");
        job.Payload = job.Payload with
        {
            Services = [new PayloadImage { Name = "postgres:16", Alias = "db" }],
            Variables = [new JobVariable { Key = "CI_DEBUG_SERVICES", Value = "true" }],
        };
        return job;
    }
}
