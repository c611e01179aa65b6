using System.Globalization;
using Google.Protobuf;
using PodExecutor.Bench.Measuring;
using PodExecutor.Link.Cache;

namespace PodExecutor.Bench.Cache;

/// <summary>What one program cost.</summary>
internal readonly record struct CacheSample(double Seconds, double CpuSeconds, long PeakBytes, long SentBytes);

/// <summary>Runs programs one at a time and measures each.</summary>
internal sealed class CacheMeasuring(string agent, ObjectStore store)
{
    // bash makes the agent's descriptor 3, as the supervisor does with a socket pair.
    private const string Start = """port=$1; shift; exec 3<>"/dev/tcp/127.0.0.1/$port"; exec "$@" """;

    public Task<CacheSample> ShellAsync(string script, string directory, CancellationToken stop) =>
        MeasureAsync(["/bin/bash", "-euo", "pipefail", "-c", script], directory, stop);

    public async Task<CacheSample> AgentAsync(BenchDesk desk, Direction direction, string build, string state, CancellationToken stop)
    {
        var task = new CacheTask { Workspace = build, Direction = direction, Items = { new CacheItem { Key = "bench", Paths = { "tree/" } } } };
        var file = state + ".task";
        await File.WriteAllBytesAsync(file, task.ToByteArray(), stop);
        using var listener = BenchDesk.Listen();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        var serving = desk.ServeAsync(listener, stop);
        var sample = await MeasureAsync(["/bin/bash", "-c", Start, "bash", port, agent, "cache-task", state, file], build, stop);
        await serving;
        return sample;
    }

    private async Task<CacheSample> MeasureAsync(string[] command, string directory, CancellationToken stop)
    {
        store.TakeBytesIn();
        var before = ChildUsage.CpuSeconds();
        var peak = 0L;
        using var over = new CancellationTokenSource();
        var watching = Task.Run(
            () =>
            {
                while (!over.IsCancellationRequested)
                {
                    peak = Math.Max(peak, ChildUsage.PeakBytesOfRunning());
                    over.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(20));
                }
            },
            stop);
        var record = await Child.RunAsync(command, directory, [], Show, stop);
        await over.CancelAsync();
        await watching;
        return new CacheSample(record.Duration.TotalSeconds, ChildUsage.CpuSeconds() - before, peak, store.TakeBytesIn());
    }

    private static async ValueTask Show(ReadOnlyMemory<byte> output) =>
        await Console.Error.WriteAsync(System.Text.Encoding.UTF8.GetString(output.Span));
}
