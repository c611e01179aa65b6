using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Start;

/// <summary>A job whose script is `true` through all its calls, against a bare pod of the same images.</summary>
internal sealed class StartTopic(BenchCluster cluster)
{
    private const int Samples = 10;

    public async Task RunAsync(CancellationToken stop)
    {
        await using var events = new StartedEvents(cluster);
        var bare = new BarePod(cluster, events);
        var samples = await Alternating.RunAsync(
            "start", cluster.Settings.Samples ?? Samples,
            () => CountedAsync(() => JobAsync(stop), stop),
            () => CountedAsync(() => bare.RunAsync(stop), stop),
            stop);

        Figure.Print("start.job", "s", "bare-pod", [.. samples.Select(s => new Pair(s.Ours.Result.Duration.TotalSeconds, s.Theirs.Result.Deleted))]);
        Figure.Print("start.job", "s", "bare-pod-by-events", [.. samples.Select(s => new Pair(s.Ours.Result.Duration.TotalSeconds, s.Theirs.Result.LeastDeleted))]);
        Figure.PrintAgainstKnown(
            "start.job", "s", "built-in-executor-known", [.. samples.Select(s => s.Ours.Result.Duration.TotalSeconds)], BuiltInExecutor.TrivialJobSeconds);
        Figure.Print("start.prepare", "s", "bare-pod", [.. samples.Select(s => new Pair(Seconds(s.Ours.Result, "prepare"), s.Theirs.Result.Running))]);
        Figure.Print("start.prepare", "s", "bare-pod-by-events", [.. samples.Select(s => new Pair(Seconds(s.Ours.Result, "prepare"), s.Theirs.Result.Started))]);
        Figure.Print("start.requests", "requests", "bare-pod", [.. samples.Select(s => new Pair(s.Ours.Requests, s.Theirs.Requests))]);
        Figure.PrintAgainstKnown(
            "start.requests", "requests", "built-in-executor-known", [.. samples.Select(s => (double)s.Ours.Requests)], BuiltInExecutor.TrivialJobRequests);
        foreach (var stage in samples[0].Ours.Result.Stages)
        {
            var times = samples.Select(s => Seconds(s.Ours.Result, stage)).Order().ToList();
            await Console.Error.WriteLineAsync($"#   {stage}: {times[times.Count / 2] * 1000:0} ms");
        }
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
        var from = DateTimeOffset.UtcNow;
        var result = await sample();
        var to = DateTimeOffset.UtcNow;
        await cluster.NoPodsAsync(stop);
        return (result, AuditLog.Count(BenchSettings.AuditLog, cluster.Namespace, from, to));
    }
}
