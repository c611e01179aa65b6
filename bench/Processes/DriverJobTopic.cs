using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Processes;

/// <summary>What the driver costs the runner's machine: CPU of all calls of a trivial job, memory of a `run` that waits.</summary>
internal sealed class DriverJobTopic(BenchCluster cluster)
{
    private const int JobSamples = 10;
    private const int WaitingSamples = 5;

    /// <summary>Budgets of a waiting `run`: a runner with 100 jobs has 100 of them.</summary>
    private const double PrivateBudget = 5e6;
    private const double ResidentBudget = 16e6;

    /// <summary>A script that says when it waits, and waits longer than the reading takes.</summary>
    private const string Wait = "echo waiting; sleep 3";

    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(1.5);

    public async Task RunAsync(CancellationToken stop)
    {
        await JobCpuAsync(stop);
        await WaitingAsync(stop);
    }

    private async Task JobCpuAsync(CancellationToken stop)
    {
        var kubectl = new KubectlJob(cluster);
        var samples = await Alternating.RunAsync(
            "driver.job_cpu", cluster.Settings.Samples ?? JobSamples, async () =>
            {
                var job = await BenchCluster.PassAsync(cluster.Runner, cluster.Job("true"), stop);
                await cluster.NoPodsAsync(stop);
                return (Cpu: job.Calls.Sum(c => c.Cpu.TotalSeconds), Calls: job.Calls.Count, Stages: job.Calls.Count(c => c.Call == "run"));
            },
            () => kubectl.CpuAsync(stages: 4, stop), stop);

        // The floor is measured in the same run, once per sample.
        var floor = new List<Pair>();
        foreach (var (ours, _) in samples)
        {
            floor.Add(new Pair(ours.Cpu, await Child.CpuOfTrueAsync(ours.Calls, stop)));
        }

        Figure.Print("driver.job_cpu", "s", "true-per-call", floor);
        Figure.Print("driver.job_cpu", "s", "kubectl-per-step", [.. samples.Select(s => new Pair(s.Ours.Cpu, s.Theirs))]);
    }

    private Task WaitingAsync(CancellationToken stop)
    {
        var sawWaiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        ValueTask Watch(ReadOnlyMemory<byte> chunk)
        {
            if (chunk.Span.IndexOf("waiting"u8) >= 0)
            {
                sawWaiting.TrySetResult();
            }

            return ValueTask.CompletedTask;
        }

        return cluster.WithPodAsync(Watch, async (session, pod) =>
        {
            async Task<ProcessMemory> MemoryAsync(Func<Task<CallRecord>> start)
            {
                sawWaiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                var running = start();
                await Task.WhenAny(sawWaiting.Task, running);
                await Task.Delay(SettledAfter, stop);
                var memory = ProcessMemory.OfChild();
                Child.Passed(await running);
                return memory;
            }

            var kubectl = cluster.KubectlExec(pod, "sh", "-c", Wait);
            var samples = await Alternating.RunAsync(
                "driver.waiting", cluster.Settings.Samples ?? WaitingSamples,
                () => MemoryAsync(() => session.RunAsync("build_script", $"#!/usr/bin/env bash\n{Wait}\n", stop)),
                () => MemoryAsync(() => Child.RunAsync(kubectl, Path.GetTempPath(), [], Watch, stop)),
                stop);
            Print("driver.waiting_private", PrivateBudget, samples, m => m.PrivateBytes);
            Print("driver.waiting_resident", ResidentBudget, samples, m => m.ResidentBytes);
        }, stop);
    }

    private static void Print(
        string figure, double budget, IReadOnlyList<(ProcessMemory Ours, ProcessMemory Theirs)> samples, Func<ProcessMemory, double> value)
    {
        Figure.Print(figure, "bytes", "budget", [.. samples.Select(s => new Pair(value(s.Ours), budget))]);
        Figure.Print(figure, "bytes", "kubectl-exec", [.. samples.Select(s => new Pair(value(s.Ours), value(s.Theirs)))]);
    }
}
