using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Driver.Pipelines.Scripts;

namespace PodExecutor.Bench.Stages;

/// <summary>
/// What a trivial job uses of its pod's CPU: the agent's copy, its supervisors, its links and the scripts. Against a bare pod with one
/// exec of `true` for each stage in the same container.
/// </summary>
internal sealed class AgentCpu(BenchCluster cluster)
{
    private const int Samples = 5;
    private static readonly string[] Stages = ["prepare_script", "get_sources", "build_script", "cleanup_file_variables"];

    public async Task RunAsync(CancellationToken stop)
    {
        foreach (var limits in new[] { BenchLimits.None, BenchLimits.Small })
        {
            var runner = cluster.RunnerWith(limits.Toml);
            var bare = new BarePod(cluster, null, shared: true, limits);
            var samples = await Alternating.RunAsync(
                "agent.job_cpu" + limits.Name, cluster.Settings.Samples ?? Samples,
                () => OursAsync(runner, stop), () => BareAsync(bare, stop), stop);
            Figure.Print("agent.job_cpu" + limits.Name, "s", "bare-pod-with-execs", [.. samples.Select(s => new Pair(s.Ours, s.Theirs))]);
        }
    }

    private async Task<double> OursAsync(RunnerOptions runner, CancellationToken stop)
    {
        var cpu = 0.0;
        await cluster.WithPodAsync(runner, _ => ValueTask.CompletedTask, async (session, _) =>
        {
            foreach (var stage in Stages)
            {
                var shell = session.Config.Shell ?? runner.Shell;
                var request = new ScriptRequest(session.Job, session.Variables, session.Paths, shell, session.Config.Hostname);
                Child.Passed(await session.RunAsync(stage, JobScripts.Generate(stage, request) ?? "true\n", stop));
            }

            cpu = PodCgroup.CpuSeconds(await cluster.OnlyPodAsync(stop));
        }, stop);
        return cpu;
    }

    private async Task<double> BareAsync(BarePod bare, CancellationToken stop)
    {
        var cpu = 0.0;
        await bare.RunAsync(stop, async pod =>
        {
            // One exec has been made in the build container, as that of build_script.
            foreach (var _ in Stages.Where(s => s != "build_script"))
            {
                await cluster.ExecTrueAsync(pod.Metadata.Name, stop, Stage.HelperContainer);
            }

            cpu = PodCgroup.CpuSeconds(pod.Metadata.Uid);
        });
        await cluster.NoPodsAsync(stop);
        return cpu;
    }
}
