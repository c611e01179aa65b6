using System.Diagnostics;
using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;

namespace PodExecutor.Bench.Burst;

/// <summary>Ten jobs at once, each with its four kinds of calls and a clone, against ten bare pods of two containers at once.</summary>
internal sealed class BurstTopic(BenchCluster cluster)
{
    private const int Samples = 3;
    private const int Jobs = 10;

    public async Task RunAsync(CancellationToken stop)
    {
        await using var project = await BenchProject.OpenAsync(stop);
        var bare = new BarePod(cluster, null, shared: false);
        var samples = await Alternating.RunAsync(
            $"burst of {Jobs} jobs", cluster.Settings.Samples ?? Samples,
            () => MakespanAsync(i => JobAsync(project, i, stop), stop),
            () => MakespanAsync(async _ => Cost.OfBare(await bare.RunAsync(stop)), stop),
            stop);

        Figure.Print("burst.makespan", "s", "bare-pods", [.. samples.Select(s => new Pair(s.Ours.Seconds, s.Theirs.Seconds))]);
        Figure.Print("burst.job", "s", "bare-pods", [.. samples.Select(s => new Pair(s.Ours.MeanSeconds, s.Theirs.MeanSeconds))]);
        Figure.Print("burst.cpu", "s", "true-per-call", [.. await TrueCpuAsync(samples.Select(s => s.Ours), stop)]);
    }

    /// <summary>Until the last of them is through; then waits for the pods to go, which is neither side's time.</summary>
    private async Task<Round> MakespanAsync(Func<int, Task<Cost>> one, CancellationToken stop)
    {
        var begin = Stopwatch.GetTimestamp();
        var costs = await Task.WhenAll(Enumerable.Range(0, Jobs).Select(one));
        var makespan = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        await cluster.NoPodsAsync(stop);
        return new Round(makespan, costs.Average(c => c.Seconds), costs.Sum(c => c.CpuSeconds), costs.Sum(c => c.Calls));
    }

    private async Task<Cost> JobAsync(BenchProject project, int slot, CancellationToken stop)
    {
        var runner = cluster.Runner with { ConcurrentId = slot, ConcurrentProjectId = slot };
        var outcome = await BenchCluster.PassAsync(runner, project.WithClone(cluster.Job("true")), stop);
        return new Cost(outcome.Duration.TotalSeconds, outcome.Calls.Sum(c => c.Cpu.TotalSeconds), outcome.Calls.Count);
    }

    /// <summary>The floor of the CPU time: as many processes that do nothing.</summary>
    private static async Task<IReadOnlyList<Pair>> TrueCpuAsync(IEnumerable<Round> rounds, CancellationToken stop)
    {
        var pairs = new List<Pair>();
        foreach (var round in rounds)
        {
            pairs.Add(new Pair(round.CpuSeconds, await Child.CpuOfTrueAsync(round.Calls, stop)));
        }

        return pairs;
    }

    private readonly record struct Round(double Seconds, double MeanSeconds, double CpuSeconds, int Calls);

    private readonly record struct Cost(double Seconds, double CpuSeconds, int Calls)
    {
        public static Cost OfBare(BareTimes times) => new(times.Deleted, 0, 0);
    }
}
