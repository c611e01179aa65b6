using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>An exec for the first contact with each container, then port-forward; exec only, where that is not to be had.</summary>
public sealed class TransportTests
{
    private static readonly string[] Stages = ["prepare_script", "get_sources", "restore_cache", "build_script", "after_script", "cleanup_file_variables"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_OfManyStages_HasOneExecPerContainer()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        await RunAllAsync(session, job);

        Assert.Equal((2, Stages.Length - 2), (cluster.Count("exec"), cluster.Count("portforward")));
    }

    [Theory]
    [InlineData(403, "Forbidden")]
    [InlineData(405, "MethodNotAllowed")]
    [InlineData(400, "BadRequest")]
    public async Task PortForward_ThatIsRefused_IsTriedOncePerJob(int status, string reason)
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Fault = async (request, context) =>
        {
            var forward = request.EndsWith("/portforward", StringComparison.Ordinal);
            await (forward ? FakeCluster.RefuseAsync(context, status, reason, "not here") : Task.CompletedTask);
            return forward;
        };
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        await RunAllAsync(session, job);

        Assert.Equal((Stages.Length, 1), (cluster.Count("exec"), cluster.Count("portforward")));
    }

    [Fact]
    public async Task PortForward_ThatLeadsNowhere_IsReplacedByExec()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Impostor = 1;
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        await RunAllAsync(session, job);

        Assert.Equal(1, cluster.Count("portforward"));
    }

    [Fact]
    public async Task PortForward_UnavailableForAMoment_IsTriedAgain()
    {
        var refusals = 2;
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Fault = async (request, context) =>
        {
            var refuses = request.EndsWith("/portforward", StringComparison.Ordinal) && Interlocked.Decrement(ref refusals) >= 0;
            await (refuses ? FakeCluster.RefuseAsync(context, 503, "ServiceUnavailable", "not now") : Task.CompletedTask);
            return refuses;
        };
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        await RunAllAsync(session, job);

        Assert.Equal(2, cluster.Count("exec"));
    }

    [Fact]
    public async Task Socket_RemovedByAScript_IsNotMissed()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Fault = async (request, context) =>
        {
            var forward = request.EndsWith("/portforward", StringComparison.Ordinal);
            await (forward ? FakeCluster.RefuseAsync(context, 403, "Forbidden", "exec only") : Task.CompletedTask);
            return forward;
        };
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        await session.RunAsync("build_script", "true", Token);

        var removing = await session.RunAsync("build_script", $"rm -rf {cluster.Agent("build").StateDirectory}/* {cluster.Agent("build").StateDirectory}/.[a-z]*; echo removed", Token);
        var next = await session.RunAsync("after_script", "echo after", Token);

        Assert.Equal((0, 0, "after\n"), (removing.ExitCode, next.ExitCode, next.Stdout.Text));
    }

    [Fact]
    public async Task Key_OfTheJob_IsInNoObjectOfTheCluster()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        await RunAllAsync(session, job);
        var file = Directory.GetFiles(session.Directory, "pod-executor.job").Single();
        using var json = System.Text.Json.JsonDocument.Parse(await File.ReadAllBytesAsync(file, Token));
        var key = json.RootElement.GetProperty("link").GetProperty("key").GetBytesFromBase64();

        Assert.Equal(32, key.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        foreach (var form in new[] { Convert.ToBase64String(key), Convert.ToHexString(key), Convert.ToHexStringLower(key) })
        {
            Assert.All(cluster.Objects.Values, o => Assert.DoesNotContain(form, o.ToJsonString(), StringComparison.Ordinal));
            Assert.DoesNotContain(form, job.Log, StringComparison.Ordinal);
        }
    }

    private static async Task RunAllAsync(RunnerSession session, ContractJob job)
    {
        foreach (var stage in Stages)
        {
            var run = await session.RunAsync(stage, $"echo {stage}", Token);
            Assert.True(run.ExitCode == 0, job.Log);
            Assert.Equal(stage + "\n", run.Stdout.Text);
        }
    }
}
