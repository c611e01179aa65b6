using System.Security.Cryptography;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Faults;

/// <summary>The way from the driver to the pod is cut.</summary>
public sealed class ConnectionTests(TestCluster cluster) : IDisposable
{
    private const int Lines = 700_000;
    private const int Cuts = 20;

    private readonly string _directory = Directory.CreateTempSubdirectory("proxy-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Output_WithTheConnectionCutTwentyTimes_IsWhole()
    {
        await using var proxy = CuttingProxy.Start(cluster, _directory);
        await using var job = new TestJob(cluster, new JobRequest("true") { Kubeconfig = proxy.Kubeconfig });
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, (await session.PrepareAsync(TestContext.Current.CancellationToken)).ExitCode);

        // 50 MB, each line another: a lost, doubled or swapped part changes the sum.
        var running = session.RunAsync(
            "build_script", $"awk 'BEGIN {{ for (i = 1; i <= {Lines}; i++) printf \"line %07d {new string('x', 60)}\\n\", i }}'; exit 7", TestContext.Current.CancellationToken);
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long size = 0;
        for (var i = 1; i <= Lines; i++)
        {
            var line = System.Text.Encoding.ASCII.GetBytes($"line {i:0000000} {new string('x', 60)}\n");
            expected.AppendData(line);
            size += line.Length;
        }

        var cuts = 0;
        for (var i = 1; i <= Cuts; i++)
        {
            await job.Log.SawBytesAsync(size / (Cuts + 2) * i);
            var known = proxy.Connections;
            cuts += proxy.Cut();
            await Until.TrueAsync(() => Task.FromResult(running.IsCompleted || proxy.Connections > known), "a new connection");
        }

        var record = await running;
        await session.CleanupAsync();

        Assert.Equal(Cuts, cuts);
        Assert.Equal(size, record.Stdout.Bytes);
        Assert.Equal(Convert.ToHexStringLower(expected.GetHashAndReset()), record.Stdout.Sha256);
        Assert.Equal((1, "7"), (record.ExitCode, record.ExitCodeFile?.Trim()));
        Assert.Equal("", record.Stderr.Text);
    }

    [Fact]
    public async Task Job_WhoseApiServerIsKilledAndRestarted_Passes()
    {
        const string script = "for i in $(seq 1 60); do echo tick $i; sleep 0.1; done";
        await using var job = new TestJob(cluster, new JobRequest(script) { AfterScript = ["echo after"] });
        var running = job.RunAsync();
        try
        {
            await job.Log.SawAsync("tick 5\n");
            await cluster.ScriptAsync("apiserver.sh", "kill");
        }
        finally
        {
            await cluster.ScriptAsync("apiserver.sh", "start");
            await cluster.ScriptAsync("apiserver.sh", "wait");
        }

        var outcome = await running;

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Equal(Enumerable.Range(1, 60).Select(i => $"tick {i}"), job.Log.Text.Split('\n').Where(l => l.StartsWith("tick ", StringComparison.Ordinal)));
        Assert.Contains("\nafter\n", job.Log.Text);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Script_WithManyCuts_RunsOnce()
    {
        await using var proxy = CuttingProxy.Start(cluster, _directory);
        await using var job = new TestJob(cluster, new JobRequest("echo ran >> /tmp/runs", "for i in $(seq 1 30); do echo tick $i; sleep 0.1; done", "echo runs: $(cat /tmp/runs | wc -l)") { Kubeconfig = proxy.Kubeconfig });
        var running = job.RunAsync();
        for (var i = 1; i <= 25; i++)
        {
            await job.Log.SawAsync($"tick {i}\n");
            proxy.Cut();
        }

        var outcome = await running;

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("runs: 1\n", job.Log.Text);
    }
}
