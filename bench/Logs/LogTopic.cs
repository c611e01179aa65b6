using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Logs;

/// <summary>100 MB of log in 1 million lines through a stage, against `kubectl exec` of the same command in the same container.</summary>
internal sealed class LogTopic(BenchCluster cluster)
{
    private const int Samples = 5;
    private const long Bytes = 100_000_000;
    private const string Print = "yes 'this line is as long as ninety-nine letters, so that a million of them are a hundred megabytes logs' | head -c 100000000";
    private const long BetweenReadings = 1024 * 1024;

    private long _peak;
    private long _sinceReading;

    public Task RunAsync(CancellationToken stop) => cluster.WithPodAsync(ReadMemory, async (session, pod) =>
    {
        string[] kubectl =
        [
            Child.Find("kubectl"), $"--kubeconfig={BenchSettings.Kubeconfig}", "exec", "-n", cluster.Namespace, "-c", Stage.BuildContainer, pod, "--", "sh", "-c", Print,
        ];
        var samples = await Alternating.RunAsync(
            "log", cluster.Settings.Samples ?? Samples,
            () => CostAsync(() => session.RunAsync("build_script", $"#!/usr/bin/env bash\n{Print}\n", stop)),
            () => CostAsync(() => Child.RunAsync(kubectl, Path.GetTempPath(), [], ReadMemory, stop)),
            stop);

        Figure.Print("log.time", "s", "kubectl-exec", [.. samples.Select(s => new Pair(s.Ours.Seconds, s.Theirs.Seconds))]);
        Figure.PrintAgainstKnown("log.time", "s", "built-in-executor-known", [.. samples.Select(s => s.Ours.Seconds)], BuiltInExecutor.HundredMegabytesSeconds);
        Figure.Print("log.cpu", "s", "kubectl-exec", [.. samples.Select(s => new Pair(s.Ours.CpuSeconds, s.Theirs.CpuSeconds))]);
        Figure.PrintAgainstKnown("log.cpu", "s", "built-in-executor-known", [.. samples.Select(s => s.Ours.CpuSeconds)], BuiltInExecutor.HundredMegabytesCpuSeconds);
        Figure.Print("log.rss", "bytes", "kubectl-exec", [.. samples.Select(s => new Pair(s.Ours.PeakBytes, s.Theirs.PeakBytes))]);
    }, stop);

    private async Task<Cost> CostAsync(Func<Task<CallRecord>> run)
    {
        _peak = 0;
        var cpu = ChildUsage.CpuSeconds();
        var record = Child.Passed(await run());
        return record.Stdout.Bytes == Bytes
            ? new Cost(record.Duration.TotalSeconds, ChildUsage.CpuSeconds() - cpu, _peak)
            : throw new BenchException($"{record.Stdout.Bytes} bytes of log came through instead of {Bytes}.");
    }

    /// <summary>For each megabyte that comes through, since the process cannot be asked once it has ended.</summary>
    private ValueTask ReadMemory(ReadOnlyMemory<byte> chunk)
    {
        _sinceReading += chunk.Length;
        if (_sinceReading >= BetweenReadings)
        {
            _sinceReading = 0;
            _peak = Math.Max(_peak, ChildUsage.PeakBytesOfRunning());
        }

        return ValueTask.CompletedTask;
    }

    private readonly record struct Cost(double Seconds, double CpuSeconds, long PeakBytes);
}
