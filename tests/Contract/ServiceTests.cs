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

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Service_ThatListens_CostsThreeRequests()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var job = Job(cluster, ((IPEndPoint)listener.LocalEndpoint).Port);
        using var session = await job.PreparedAsync();
        await session.RunAsync("prepare_script", "true", Token);
        var before = cluster.Requests.Count;

        var run = await session.RunAsync("build_script", "true", Token);

        Assert.True(run.ExitCode == 0, job.Log);
        var pod = cluster.Objects.Keys.Single(k => k.StartsWith("pods/", StringComparison.Ordinal));
        Assert.Equal([$"GET {pod}", $"GET {pod}/portforward", $"GET {pod}/exec"], cluster.Requests.Skip(before).Where(r => !r.EndsWith("/log", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Service_WithoutAPort_DelaysNothing()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, null);
        using var session = await job.PreparedAsync();
        await session.RunAsync("prepare_script", "true", Token);

        await session.RunAsync("build_script", "true", Token);

        // Nothing asks the helper's agent about ports.
        Assert.Equal((2, 0), (cluster.Count("exec"), cluster.Count("portforward")));
        Assert.DoesNotContain("ready after", job.Log[job.Log.IndexOf("Pod is ready", StringComparison.Ordinal)..].Split('\n', 2)[1]);
    }

    [Fact]
    public async Task Services_AreAwaitedOnceByTheFirstScriptOfTheJob()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, Tcpmux, "wait_for_services_timeout = 1");
        using var session = await job.PreparedAsync();

        var sources = await session.RunAsync("get_sources", "echo cloned", Token);
        var script = await session.RunAsync("build_script", "echo never", Token);

        Assert.Equal((0, "cloned\n"), (sources.ExitCode, sources.Stdout.Text));
        Assert.Equal(ContractJob.BuildFailure, script.ExitCode);
        Assert.DoesNotContain("never", script.Stdout.Text);
    }

    [Fact]
    public async Task Service_ThatNeverListens_IsExplainedWithItsLastLines()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, Tcpmux, "wait_for_services_timeout = 1");
        cluster.Logs["db"] = "FATAL: password is empty\n";
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync("build_script", "true", Token);

        Assert.True(run.ExitCode == ContractJob.BuildFailure, job.Log);
        Assert.Contains("Service db (postgres:16) is not ready: nothing listens on port 1", job.Log);
        Assert.Contains("FATAL: password is empty", job.Log);
        Assert.Contains("kubernetes.wait_for_services_timeout", job.Log);
    }

    [Fact]
    public async Task Service_ThatHasEnded_IsNotWaitedForLonger()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, Tcpmux, "wait_for_services_timeout = \"30m\"");
        cluster.OnCreate = pod => End(pod, 3);
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync("build_script", "true", Token);

        Assert.True(run.ExitCode == ContractJob.BuildFailure, job.Log);
        Assert.Contains("it exited with code 3 after 2 s", job.Log);
    }

    [Fact]
    public async Task Service_WithoutAPortThatHasEnded_IsToldAndTheJobGoesOn()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, null);
        cluster.OnCreate = pod => End(pod, 3);
        cluster.Logs["db"] = "FATAL: password is empty\n";
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync("build_script", "echo the script", Token);

        Assert.True(run.ExitCode == 0, job.Log);
        Assert.Contains("Service db (postgres:16) exited with code 3 after 2 s", run.Stdout.Text);
        Assert.Contains("FATAL: password is empty", run.Stdout.Text);
        Assert.EndsWith("the script\n", run.Stdout.Text);
    }

    [Fact]
    public async Task Service_ThatDiesLater_IsToldWhenTheScriptFails()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = Job(cluster, null);
        using var session = await job.PreparedAsync();
        var died = Path.Combine(job.Folder, "died");
        var running = session.RunAsync("build_script", $"echo running; while [ ! -e {died} ]; do sleep 0.05; done; exit 7", Token);
        await job.SawAsync("running\n");
        End(cluster.Objects.Single(o => o.Key.StartsWith("pods/", StringComparison.Ordinal)).Value, 137);
        await File.WriteAllTextAsync(died, "", Token);

        var run = await running;

        Assert.Equal((ContractJob.BuildFailure, "7"), (run.ExitCode, run.ExitCodeFile?.Trim()));
        Assert.Contains("Service db (postgres:16) exited with code 137", run.Stdout.Text);
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

    private static void End(System.Text.Json.Nodes.JsonObject pod, int exitCode)
    {
        FakeCluster.Run(pod);
        pod["status"]!["containerStatuses"]!.AsArray().Single(c => c!["name"]!.GetValue<string>() == "db")!["state"] = new System.Text.Json.Nodes.JsonObject
        {
            ["terminated"] = new System.Text.Json.Nodes.JsonObject
            {
                ["exitCode"] = exitCode,
                ["startedAt"] = "2026-01-01T00:00:00Z",
                ["finishedAt"] = "2026-01-01T00:00:02Z",
            },
        };
    }

    /// <param name="port">That the service declares; null for none.</param>
    private static ContractJob Job(FakeCluster cluster, int? port, string options = "")
    {
        var job = new ContractJob(cluster, options);
        job.Payload = job.Payload with
        {
            Services =
            [
                new PayloadImage
                {
                    Name = "postgres:16",
                    Alias = "db",
                    Variables = port is null ? [] : [new JobVariable { Key = "HEALTHCHECK_TCP_PORT", Value = $"{port}" }],
                },
            ],
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
