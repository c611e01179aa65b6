using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Stages;

/// <summary>`run` of a stage whose script is `true`, against an exec of `true` in the same container.</summary>
internal sealed class StageTopic(BenchCluster cluster)
{
    private const int Samples = 30;
    private const string Script = "#!/usr/bin/env bash\ntrue\n";

    public Task RunAsync(CancellationToken stop) => cluster.WithPodAsync(_ => ValueTask.CompletedTask, async (session, pod) =>
    {
        string[] kubectl =
        [
            Child.Find("kubectl"), $"--kubeconfig={BenchSettings.Kubeconfig}", "exec", "-n", cluster.Namespace, "-c", Stage.BuildContainer, pod, "--", "true",
        ];
        await CompareAsync("stage.true", "kubectl-exec", session, async () => (await Child.RunAsync(kubectl, stop)).Duration.TotalSeconds, stop);
        await CompareAsync("stage.true_raw", "websocket-exec", session, () => cluster.ExecTrueAsync(pod, stop), stop);
    }, stop);

    private async Task CompareAsync(string figure, string against, RunnerSession session, Func<Task<double>> theirs, CancellationToken stop)
    {
        var samples = await Alternating.RunAsync(
            $"{figure} against {against}", cluster.Settings.Samples ?? Samples,
            async () => Child.Passed(await session.RunAsync("build_script", Script, stop)).Duration.TotalSeconds, theirs, stop);
        Figure.Print(figure, "s", against, [.. samples.Select(s => new Pair(s.Ours, s.Theirs))]);
    }
}
