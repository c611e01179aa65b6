using System.Text;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>
/// The job log has the lines of stdout and stderr in the order in which the script wrote them: in a real pod, over a connection that is cut,
/// with a runner that reads the two pipes at a random pace. All cases without a cluster: tests/Contract/OrderTests.cs.
/// </summary>
public sealed class OrderTests(TestCluster cluster) : IDisposable
{
    private const int Lines = 200_000;
    private const int Cuts = 5;

    private readonly string _directory = Directory.CreateTempSubdirectory("proxy-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task FourHundredLines_WrittenAlternately_AreInWrittenOrder()
    {
        using var log = new OrderedLog();
        await using var job = new TestJob(cluster, new JobRequest("true"));

        await RunAsync(job, "for i in $(seq 200); do echo out $i; echo err $i >&2; done", chunk => log.Append(chunk.Span));

        log.AssertIs(Enumerable.Range(1, 200).Select(i => Encoding.ASCII.GetBytes($"out {i}\nerr {i}\n")));
    }

    [Fact]
    public async Task Lines_WrittenAlternatelyOverAConnectionThatIsCut_AreInWrittenOrder()
    {
        await using var proxy = CuttingProxy.Start(cluster, _directory);
        await using var job = new TestJob(cluster, new JobRequest("true") { Kubeconfig = proxy.Kubeconfig });
        using var log = new OrderedLog();
        var expected = Enumerable.Range(1, Lines).Select(i => Encoding.ASCII.GetBytes($"line {i}\n"));
        var step = expected.Sum(line => (long)line.Length) / (Cuts + 1);
        var cuts = 0;

        await RunAsync(job, $"for ((i = 1; i <= {Lines}; i++)); do if ((i % 2)); then echo line $i; else echo line $i >&2; fi; done", chunk =>
        {
            log.Append(chunk.Span);
            if (log.Bytes / step > cuts && cuts < Cuts)
            {
                cuts++;
                _ = Task.Run(proxy.Cut);
            }
        });

        log.AssertIs(expected);
        Assert.Equal(Cuts, cuts);
    }

    private static async Task RunAsync(TestJob job, string script, Action<ReadOnlyMemory<byte>> onLog)
    {
        var pace = new RandomPace(seed: 13);
        var gate = new Lock();
        var isScript = false;
        using var session = new RunnerSession(job.Runner with { BeforeRead = _ => pace.WaitAsync() }, job.Payload, chunk =>
        {
            lock (gate)
            {
                if (isScript)
                {
                    onLog(chunk);
                }
                else
                {
                    job.Log.Write(chunk.Span);
                }
            }

            return ValueTask.CompletedTask;
        }, TimeProvider.System);
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        Assert.True((await session.PrepareAsync(TestContext.Current.CancellationToken)).ExitCode == 0, job.Log.Text);

        isScript = true;
        var run = await session.RunAsync("build_script", "#!/usr/bin/env bash\n" + script, TestContext.Current.CancellationToken);
        isScript = false;
        await session.CleanupAsync();
        Assert.Equal(0, run.ExitCode);
    }
}
