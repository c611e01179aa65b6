using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>prepare, with an API server that has a bad day.</summary>
public sealed class PrepareTests
{
    [Theory]
    [InlineData("POST pods", 500)]
    [InlineData("POST pods", 429)]
    [InlineData("POST pods", 503)]
    [InlineData("GET pods?watch", 503)]
    public async Task ApiServer_FailingForAMoment_IsAskedAgain(string request, int status)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        var left = 2;
        cluster.Fault = async (asked, context) =>
        {
            if (asked != request || left-- <= 0)
            {
                return false;
            }

            await FakeCluster.RefuseAsync(context, status, "", "not now");
            return true;
        };

        using var session = await job.PreparedAsync();

        Assert.Equal(3, cluster.Requests.Count(r => r == request));
    }

    [Theory]
    [InlineData(403, "Forbidden", "Give the executor's account the missing right")]
    [InlineData(401, "Unauthorized", "Check the credentials")]
    [InlineData(422, "Invalid", "Look at the API server's log")]
    public async Task ApiServer_Refusing_IsNotAskedAgainAndExplained(int status, string reason, string hint)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        cluster.Fault = (asked, context) => Refuse(asked == "POST pods", context, status, reason);
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);

        var prepare = await session.PrepareAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ContractJob.SystemFailure, prepare.ExitCode);
        Assert.Equal(1, cluster.Requests.Count(r => r == "POST pods"));
        Assert.Contains("the words of the server", job.Log);
        Assert.Contains(hint, job.Log);
    }

    [Fact]
    public async Task Create_WhoseAnswerIsLost_TakesThePodThatIsThere()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        var lose = true;
        cluster.Fault = (asked, context) =>
        {
            if (asked == "POST pods" && lose)
            {
                // The pod is made, and then the line breaks.
                lose = false;
                context.Response.OnStarting(() =>
                {
                    context.Abort();
                    return Task.CompletedTask;
                });
            }

            return Task.FromResult(false);
        };

        using var session = await job.PreparedAsync();
        var run = await session.RunAsync("build_script", "echo ran", TestContext.Current.CancellationToken);

        Assert.Equal("ran\n", run.Stdout.Text);
        Assert.Equal(2, cluster.Requests.Count(r => r == "POST pods"));
        Assert.Single(cluster.Objects.Keys, k => k.StartsWith("pods/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prepare_TriedThreeTimes_LeavesNothingAndMakesEachPodAnew()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, "poll_timeout = \"1s\"");
        job.Runner = job.Runner with { PreparationPause = TimeSpan.Zero };
        cluster.OnCreate = pod => pod["status"] = new JsonObject { ["phase"] = "Pending" };

        var outcome = await new RunnerDouble(job.Runner, Stream.Null, TimeProvider.System).RunAsync(job.Payload, JobStop.Never);

        Assert.Equal(("runner_system_failure", JobResult.Failed), (outcome.FailureReason, outcome.Result));
        Assert.Equal(["config", "prepare", "cleanup", "config", "prepare", "cleanup", "config", "prepare", "cleanup"], outcome.Stages);
        Assert.Equal(3, cluster.Requests.Count(r => r == "POST pods"));
        Assert.Empty(cluster.Objects);
    }

    [Fact]
    public async Task Prepare_AfterAnotherWithoutCleanup_TakesItsPodOver()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using (await job.PreparedAsync())
        {
            // The runner was killed: no cleanup.
        }

        using var second = await job.PreparedAsync();
        var run = await second.RunAsync("build_script", "echo ran", TestContext.Current.CancellationToken);

        Assert.Equal("ran\n", run.Stdout.Text);
        Assert.Contains("of an earlier try is there and taken over", job.Log);
    }

    [Fact]
    public async Task Prepare_Terminated_NeverSucceeds()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        cluster.OnCreate = pod => pod["status"] = new JsonObject { ["phase"] = "Pending" };
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var preparing = session.PrepareAsync(stop.Token);
        await Until.TrueAsync(() => cluster.Requests.Contains("GET pods?watch"));

        await stop.CancelAsync();
        var prepare = await preparing;

        Assert.Equal((ContractJob.SystemFailure, CallStop.Terminated), (prepare.ExitCode, prepare.Stop));
        Assert.Equal(0, (await session.CleanupAsync()).ExitCode);
        Assert.Empty(cluster.Objects);
    }

    [Fact]
    public async Task Watch_ThatEndsEarly_IsOpenedAgain()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        cluster.OnCreate = pod => pod["status"] = new JsonObject { ["phase"] = "Pending" };
        var watches = 0;
        cluster.Fault = async (asked, context) =>
        {
            if (asked != "GET pods?watch" || ++watches > 2)
            {
                return false;
            }

            // The first ends at once, the second with 410 as an event; by then the pod runs.
            await context.Response.WriteAsync(watches == 1 ? "" : """{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}""" + "\n");
            foreach (var pod in cluster.Objects.Where(o => o.Key.StartsWith("pods/", StringComparison.Ordinal)))
            {
                FakeCluster.Run(pod.Value);
            }

            return true;
        };

        using var session = await job.PreparedAsync();

        Assert.Equal(3, watches);
    }

    [Fact]
    public async Task Events_ThatWeMayNotSee_AreDoneWithout()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        cluster.Fault = (asked, context) => Refuse(asked == "GET events?watch", context, 403, "Forbidden");

        using var session = await job.PreparedAsync();

        Assert.Equal(0, (await session.RunAsync("build_script", "true", TestContext.Current.CancellationToken)).ExitCode);
    }

    private static async Task<bool> Refuse(bool applies, HttpContext context, int status, string reason)
    {
        if (applies)
        {
            await FakeCluster.RefuseAsync(context, status, reason, "the words of the server");
        }

        return applies;
    }
}
