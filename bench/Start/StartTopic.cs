using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Start;

/// <summary>A job whose script is `true` through all its calls, against a bare pod of the same images; also with limits, and its requests.</summary>
internal sealed class StartTopic(BenchCluster cluster)
{
    private const int Samples = 10;
    private const string WithVolume = "bare-pod-with-volume";

    /// <summary>Of the job with sources, cache and artifact, whose requests are what counts.</summary>
    private const int FullSamples = 3;

    /// <summary>The kubelet looks at its pods once a second: samples at its beat would all be lucky, or all unlucky.</summary>
    private static readonly TimeSpan KubeletsBeat = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken stop)
    {
        await using var events = new StartedEvents(cluster);
        var bare = await CompareAsync("bare-pod", cluster.Runner, new BarePod(cluster, events, shared: false), "", stop);
        PrintPrepare("bare-pod", bare);
        PrintPrepare(WithVolume, await CompareAsync(WithVolume, cluster.Runner, new BarePod(cluster, events, shared: true), "", stop));
        foreach (var limits in new[] { BenchLimits.Small, BenchLimits.OneProcessor })
        {
            var pod = new BarePod(cluster, null, shared: true, limits);
            await CompareAsync(WithVolume, cluster.RunnerWith(limits.Toml), pod, limits.Name, stop);
        }

        Figure.Print("start.requests", "requests", "bare-pod", [.. bare.Select(s => new Pair(s.Ours.Requests.All, s.Theirs.Requests.All))]);
        Figure.PrintAgainstKnown(
            "start.requests", "requests", "built-in-executor-known",
            [.. bare.Select(s => (double)s.Ours.Requests.All)], BuiltInExecutor.TrivialJobRequests);
        Figure.PrintAgainstKnown(
            "start.job", "s", "built-in-executor-known", [.. bare.Select(s => s.Ours.Result.Duration.TotalSeconds)], BuiltInExecutor.TrivialJobSeconds);
        PrintStreams("", [.. bare.Select(s => s.Ours.Requests)]);
        foreach (var stage in bare[0].Ours.Result.Stages)
        {
            var times = bare.Select(s => Seconds(s.Ours.Result, stage)).Order().ToList();
            await Console.Error.WriteLineAsync($"#   {stage}: {times[times.Count / 2] * 1000:0} ms");
        }

        await FullJobAsync(stop);
    }

    /// <summary>Sources, a cache that is restored and saved, an artifact.</summary>
    private async Task FullJobAsync(CancellationToken stop)
    {
        await using var project = await BenchProject.OpenAsync(stop);
        var runner = cluster.RunnerWith(BenchSettings.CacheToml);
        var bare = new BarePod(cluster, null, shared: true);
        var samples = await Alternating.RunAsync(
            "start of the full job", Math.Min(cluster.Settings.Samples ?? FullSamples, FullSamples),
            () => OursAsync(runner, project.Full(cluster.Job("true")), stop),
            () => TheirsAsync(bare, stop),
            stop);
        Figure.Print("start.job_full", "s", WithVolume, [.. samples.Select(Seconds)]);
        Figure.Print("start.requests_full", "requests", WithVolume, [.. samples.Select(s => new Pair(s.Ours.Requests.All, s.Theirs.Requests.All))]);
        PrintStreams("_full", [.. samples.Select(s => s.Ours.Requests)]);
    }

    /// <param name="suffix">Of the figure's name.</param>
    private async Task<IReadOnlyList<(Ours Ours, Theirs Theirs)>> CompareAsync(
        string against, RunnerOptions runner, BarePod bare, string suffix, CancellationToken stop)
    {
        var samples = await Alternating.RunAsync(
            $"start{suffix} against {against}", cluster.Settings.Samples ?? Samples,
            () => OursAsync(runner, cluster.Job("true"), stop),
            () => TheirsAsync(bare, stop),
            stop);
        Figure.Print("start.job" + suffix, "s", against, [.. samples.Select(Seconds)]);
        return samples;
    }

    private static void PrintPrepare(string against, IReadOnlyList<(Ours Ours, Theirs Theirs)> samples)
    {
        Pair Prepare(Ours ours, double theirs) => new(Seconds(ours.Result, "prepare"), theirs);
        Figure.Print("start.prepare", "s", against, [.. samples.Select(s => Prepare(s.Ours, s.Theirs.Result.Running))]);
        Figure.Print("start.prepare", "s", against + "-by-events", [.. samples.Select(s => Prepare(s.Ours, s.Theirs.Result.Started))]);
    }

    /// <summary>The bare pod has one exec and no port-forward.</summary>
    private static void PrintStreams(string suffix, IReadOnlyCollection<RequestCounts> ours)
    {
        Figure.Print("start.execs" + suffix, "requests", "bare-pod", [.. ours.Select(r => new Pair(r.Execs, 1))]);
        Figure.Print("start.streams" + suffix, "requests", "bare-pod", [.. ours.Select(r => new Pair(r.Execs + r.PortForwards, 1))]);
    }

    private static Pair Seconds((Ours Ours, Theirs Theirs) sample) =>
        new(sample.Ours.Result.Duration.TotalSeconds, sample.Theirs.Result.Deleted);

    private static double Seconds(JobOutcome job, string stage) => job.Calls.First(c => c.Stage == stage).Duration.TotalSeconds;

    private async Task<Ours> OursAsync(RunnerOptions runner, JobPayload job, CancellationToken stop)
    {
        var (result, requests) = await CountedAsync(() => BenchCluster.PassAsync(runner, job, stop), stop);
        return new Ours(result, requests);
    }

    private async Task<Theirs> TheirsAsync(BarePod bare, CancellationToken stop)
    {
        var (result, requests) = await CountedAsync(() => bare.RunAsync(stop), stop);
        return new Theirs(result, requests);
    }

    /// <summary>With its number of API requests. Our own ones come after it: its pod has to be gone before the next sample.</summary>
    private async Task<(T Result, RequestCounts Requests)> CountedAsync<T>(Func<Task<T>> sample, CancellationToken stop)
    {
        await Task.Delay(KubeletsBeat * Random.Shared.NextDouble(), stop);
        var from = DateTimeOffset.UtcNow;
        var result = await sample();
        var to = DateTimeOffset.UtcNow;
        await cluster.NoPodsAsync(stop);
        return (result, AuditLog.Count(BenchSettings.AuditLog, cluster.Namespace, from, to));
    }

    private readonly record struct Ours(JobOutcome Result, RequestCounts Requests);

    private readonly record struct Theirs(BareTimes Result, RequestCounts Requests);
}
