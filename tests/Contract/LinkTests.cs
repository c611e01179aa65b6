using System.Security.Cryptography;
using System.Text;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>The stream between driver and agent, cut and slow.</summary>
public sealed class LinkTests
{
    [Fact]
    public async Task Output_WithTheStreamCutAgainAndAgain_IsWholeAndInOrder()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        using var over = new CancellationTokenSource();
        var cutting = CutAgainAndAgainAsync(cluster, job, over.Token);

        var run = await session.RunAsync("build_script", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); echo line $i; done", TestContext.Current.CancellationToken);
        await over.CancelAsync();
        var cuts = await cutting;

        var expected = string.Concat(Enumerable.Range(1, 200_000).Select(i => $"line {i}\n"));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(expected))), run.Stdout.Sha256);
        Assert.True(cuts > 1, $"{cuts} cuts");
    }

    [Fact]
    public async Task Agent_ThatCannotBeReachedAgain_IsTheSystemsFaultAfterTheBudget()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        var running = session.RunAsync("build_script", "echo running; sleep 300", TestContext.Current.CancellationToken);
        await job.SawAsync("running\n");

        cluster.Fault = async (_, context) =>
        {
            await FakeCluster.RefuseAsync(context, 503, "", "not now");
            return true;
        };
        cluster.Cut();
        var run = await running;

        Assert.Equal((ContractJob.SystemFailure, null), (run.ExitCode, run.ExitCodeFile));
        Assert.Contains("not now", job.Log);
    }

    [Fact]
    public async Task Script_WithATrapForTerm_EndsItsOwnWay()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        var marker = Path.Combine(job.Folder, "marker");
        using var session = await job.PreparedAsync();
        using var stop = new CancellationTokenSource();
        var running = session.RunAsync("build_script", $"trap 'touch {marker}; exit 3' TERM; echo running; while :; do sleep 0.1; done", stop.Token);
        await job.SawAsync("running\n");

        await stop.CancelAsync();
        var run = await running;

        Assert.Equal((ContractJob.BuildFailure, "3", CallStop.Terminated), (run.ExitCode, run.ExitCodeFile?.Trim(), run.Stop));
        Assert.True(File.Exists(marker));
    }

    /// <summary>Each time when some more output has come through.</summary>
    private static async Task<int> CutAgainAndAgainAsync(FakeCluster cluster, ContractJob job, CancellationToken over)
    {
        const int step = 100_000;
        var cuts = 0;
        for (var next = job.LogLength + step; !over.IsCancellationRequested; await Task.Yield())
        {
            if (job.LogLength >= next)
            {
                cluster.Cut();
                cuts++;
                next += step;
            }
        }

        return cuts;
    }
}
