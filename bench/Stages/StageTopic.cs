using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Stages;

/// <summary>`run` of a stage whose script is `true`, against an exec of `true` in the same container, without limits and with them.</summary>
internal sealed class StageTopic(BenchCluster cluster)
{
    private const int Samples = 30;
    private const string Script = "#!/usr/bin/env bash\ntrue\n";

    public async Task RunAsync(CancellationToken stop)
    {
        foreach (var limits in new[] { BenchLimits.None, BenchLimits.Small, BenchLimits.OneProcessor })
        {
            await cluster.WithPodAsync(cluster.RunnerWith(limits.Toml), _ => ValueTask.CompletedTask, async (session, pod) =>
            {
                var kubectl = cluster.KubectlExec(pod, "true");
                await CompareAsync(
                    "stage.true" + limits.Name, "kubectl-exec", session,
                    async () => (await Child.RunAsync(kubectl, stop)).Duration.TotalSeconds, stop);
                await CompareAsync(
                    "stage.true_raw" + limits.Name, "websocket-exec", session, () => cluster.ExecTrueAsync(pod, stop), stop);
            }, stop);
        }

        await new AgentCpu(cluster).RunAsync(stop);
    }

    private async Task CompareAsync(string figure, string against, RunnerSession session, Func<Task<double>> theirs, CancellationToken stop)
    {
        var samples = await Alternating.RunAsync(
            $"{figure} against {against}", cluster.Settings.Samples ?? Samples,
            async () => Child.Passed(await session.RunAsync("build_script", Script, stop)).Duration.TotalSeconds, theirs, stop);
        Figure.Print(figure, "s", against, [.. samples.Select(s => new Pair(s.Ours, s.Theirs))]);
    }
}
