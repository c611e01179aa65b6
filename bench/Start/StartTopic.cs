using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Start;

/// <summary>A job whose script is `true` through all its calls, against a bare pod of the same images.</summary>
internal sealed class StartTopic(BenchCluster cluster)
{
    private const int Samples = 10;

    /// <summary>The kubelet looks at its pods once a second: samples at its beat would all be lucky, or all unlucky.</summary>
    private static readonly TimeSpan KubeletsBeat = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken stop)
    {
        await using var events = new StartedEvents(cluster);
        var bare = await CompareAsync("bare-pod", new BarePod(cluster, events, shared: false), stop);
        await CompareAsync("bare-pod-with-volume", new BarePod(cluster, events, shared: true), stop);

        Figure.Print("start.requests", "requests", "bare-pod", [.. bare.Select(s => new Pair(s.Ours.Requests, s.Theirs.Requests))]);
        Figure.PrintAgainstKnown(
            "start.requests", "requests", "built-in-executor-known", [.. bare.Select(s => (double)s.Ours.Requests)], BuiltInExecutor.TrivialJobRequests);
        Figure.PrintAgainstKnown(
            "start.job", "s", "built-in-executor-known", [.. bare.Select(s => s.Ours.Result.Duration.TotalSeconds)], BuiltInExecutor.TrivialJobSeconds);
        foreach (var stage in bare[0].Ours.Result.Stages)
        {
            var times = bare.Select(s => Seconds(s.Ours.Result, stage)).Order().ToList();
            await Console.Error.WriteLineAsync($"#   {stage}: {times[times.Count / 2] * 1000:0} ms");
        }
    }

    private async Task<IReadOnlyList<((JobOutcome Result, int Requests) Ours, (BareTimes Result, int Requests) Theirs)>> CompareAsync(
        string against, BarePod bare, CancellationToken stop)
    {
        var samples = await Alternating.RunAsync(
            $"start against {against}", cluster.Settings.Samples ?? Samples,
            () => CountedAsync(() => JobAsync(stop), stop),
            () => CountedAsync(() => bare.RunAsync(stop), stop),
            stop);
        Figure.Print("start.job", "s", against, [.. samples.Select(s => new Pair(s.Ours.Result.Duration.TotalSeconds, s.Theirs.Result.Deleted))]);
        Figure.Print("start.prepare", "s", against, [.. samples.Select(s => new Pair(Seconds(s.Ours.Result, "prepare"), s.Theirs.Result.Running))]);
        Figure.Print("start.prepare", "s", against + "-by-events", [.. samples.Select(s => new Pair(Seconds(s.Ours.Result, "prepare"), s.Theirs.Result.Started))]);
        return samples;
    }

    private static double Seconds(JobOutcome job, string stage) => job.Calls.First(c => c.Stage == stage).Duration.TotalSeconds;

    private async Task<JobOutcome> JobAsync(CancellationToken stop)
    {
        using var log = new MemoryStream();
        var outcome = await new RunnerDouble(cluster.Runner, log, TimeProvider.System).RunAsync(cluster.Job("true"), new JobStop(CancellationToken.None, stop));
        stop.ThrowIfCancellationRequested();
        return outcome.Result == JobResult.Success
            ? outcome
            : throw new BenchException($"The job failed:\n{System.Text.Encoding.UTF8.GetString(log.ToArray())}");
    }

    /// <summary>With its number of API requests. Our own ones come after it: its pod has to be gone before the next sample.</summary>
    private async Task<(T Result, int Requests)> CountedAsync<T>(Func<Task<T>> sample, CancellationToken stop)
    {
        await Task.Delay(KubeletsBeat * Random.Shared.NextDouble(), stop);
        var from = DateTimeOffset.UtcNow;
        var result = await sample();
        var to = DateTimeOffset.UtcNow;
        await cluster.NoPodsAsync(stop);
        return (result, AuditLog.Count(BenchSettings.AuditLog, cluster.Namespace, from, to));
    }
}
