using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;

namespace PodExecutor.Bench.Processes;

/// <summary>A trivial job as a driver in shell would run it, each step a process of kubectl: create, wait, one exec per stage, delete.</summary>
internal sealed class KubectlJob(BenchCluster cluster)
{
    private int _last;

    /// <returns>User and system seconds of all the processes.</returns>
    public async Task<double> CpuAsync(int stages, CancellationToken stop)
    {
        var name = $"kubectl-{++_last}";
        var cpu = await KubectlAsync(
            stop, "run", name, $"--image={cluster.Settings.Image}", "--image-pull-policy=IfNotPresent", "--restart=Never", "--command", "--", "sleep", "3600");
        cpu += await KubectlAsync(stop, "wait", "--for=condition=Ready", $"pod/{name}", "--timeout=60s");
        for (var i = 0; i < stages; i++)
        {
            cpu += await KubectlAsync(stop, "exec", name, "--", "true");
        }

        cpu += await KubectlAsync(stop, "delete", "pod", name, "--wait=false", $"--grace-period={BenchJob.GraceSeconds}");
        await cluster.NoPodsAsync(stop);
        return cpu;
    }

    private async Task<double> KubectlAsync(CancellationToken stop, params string[] arguments) =>
        (await Child.RunAsync(cluster.Kubectl(arguments), stop)).Cpu.TotalSeconds;
}
