using System.Diagnostics;
using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Logs;

/// <summary>
/// 100 MB of log in 1 million lines through a stage. Against `kubectl exec` of the same command in the same container, and against a driver
/// that prints the same bytes itself, which is `cat`: read as fast as they come, and at the pace of gitlab-runner.
/// </summary>
internal sealed class LogTopic(BenchCluster cluster)
{
    private const int Samples = 5;
    private const long Bytes = 100_000_000;
    private const long FewBytes = Bytes / 10;
    private const long BetweenReadings = 1024 * 1024;

    /// <summary>An assumption: GitLab Runner masks, scans and stores what it reads, and reads no faster than that.</summary>
    private const double RunnersBytesPerSecond = 10e6;

    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(5);

    private long _peak;
    private long _sinceReading;
    private long _read;
    private long _begin;
    private bool _paced;

    public async Task RunAsync(CancellationToken stop)
    {
        // In memory, so that the disk is nobody's cost.
        var file = Path.Combine("/dev/shm", $"bench-log-{Environment.ProcessId}");
        try
        {
            await Child.RunAsync(["/bin/sh", "-c", $"{Print(Bytes)} > {file}"], stop);
            await cluster.WithPodAsync(ReadAsync, (session, pod) => CompareAsync(session, pod, file, stop), stop);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Print(long bytes) =>
        $"yes 'this line is as long as ninety-nine letters, so that a million of them are a hundred megabytes logs' | head -c {bytes}";

    private async Task CompareAsync(RunnerSession session, string pod, string file, CancellationToken stop)
    {
        var kubectl = cluster.KubectlExec(pod, "sh", "-c", Print(Bytes));
        Task<Cost> OursAsync(long bytes, bool paced) =>
            CostAsync(() => session.RunAsync("build_script", $"#!/usr/bin/env bash\n{Print(bytes)}\n", stop), bytes, paced);
        Task<Cost> TheirsAsync(IReadOnlyList<string> command, bool paced) =>
            CostAsync(() => Child.RunAsync(command, Path.GetTempPath(), [], ReadAsync, stop), Bytes, paced);
        async Task<IReadOnlyList<(Cost Ours, Cost Theirs)>> AlternateAsync(
            string against, Func<Task<Cost>> ours, Func<Task<Cost>> theirs) =>
            await Alternating.RunAsync($"log against {against}", cluster.Settings.Samples ?? Samples, ours, theirs, stop);

        var peer = await AlternateAsync("kubectl-exec", () => OursAsync(Bytes, false), () => TheirsAsync(kubectl, false));
        Print("log.time", "s", "kubectl-exec", peer, c => c.Seconds);
        Figure.PrintAgainstKnown(
            "log.time", "s", "built-in-executor-known", [.. peer.Select(s => s.Ours.Seconds)], BuiltInExecutor.HundredMegabytesSeconds);
        Print("log.cpu", "s", "kubectl-exec", peer, c => c.CpuSeconds);
        Figure.PrintAgainstKnown(
            "log.cpu", "s", "built-in-executor-known", [.. peer.Select(s => s.Ours.CpuSeconds)], BuiltInExecutor.HundredMegabytesCpuSeconds);
        Print("log.rss", "bytes", "kubectl-exec", peer, c => c.PeakBytes);

        var floor = await AlternateAsync("cat", () => OursAsync(Bytes, false), () => TheirsAsync(["/bin/cat", file], false));
        Print("log.time", "s", "cat", floor, c => c.Seconds);
        var paced = await AlternateAsync("cat-to-a-slow-reader", () => OursAsync(Bytes, true), () => TheirsAsync(["/bin/cat", file], true));
        Print("log.time_paced", "s", "cat-to-a-slow-reader", paced, c => c.Seconds);
        var growth = await AlternateAsync("a-tenth-of-it", () => OursAsync(Bytes, false), () => OursAsync(FewBytes, false));
        Print("log.rss_growth", "bytes", "a-tenth-of-it", growth, c => c.PeakBytes);
    }

    private static void Print(
        string figure, string unit, string against, IReadOnlyList<(Cost Ours, Cost Theirs)> samples, Func<Cost, double> value) =>
        Figure.Print(figure, unit, against, [.. samples.Select(s => new Pair(value(s.Ours), value(s.Theirs)))]);

    private async Task<Cost> CostAsync(Func<Task<CallRecord>> run, long bytes, bool paced)
    {
        (_peak, _read, _begin, _paced) = (0, 0, Stopwatch.GetTimestamp(), paced);
        var record = Child.Passed(await run());
        return record.Stdout.Bytes == bytes
            ? new Cost(record.Duration.TotalSeconds, record.Cpu.TotalSeconds, _peak)
            : throw new BenchException($"{record.Stdout.Bytes} bytes of log came through instead of {bytes}.");
    }

    /// <summary>Looks at the process for each megabyte that comes through, since it cannot be asked once it has ended.</summary>
    private async ValueTask ReadAsync(ReadOnlyMemory<byte> chunk)
    {
        _read += chunk.Length;
        _sinceReading += chunk.Length;
        if (_sinceReading >= BetweenReadings)
        {
            _sinceReading = 0;
            _peak = Math.Max(_peak, ChildUsage.PeakBytesOfRunning());
        }

        var early = TimeSpan.FromSeconds(_read / RunnersBytesPerSecond) - Stopwatch.GetElapsedTime(_begin);
        if (_paced && early > LeastPause)
        {
            await Task.Delay(early);
        }
    }

    private readonly record struct Cost(double Seconds, double CpuSeconds, long PeakBytes);
}
