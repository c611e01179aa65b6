using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Measuring;

namespace PodExecutor.Bench.Builds;

/// <summary>
/// Builds by the library, in a native program of its own, against Docker's buildx with the remote driver: the same daemon, the same way to it, the same folders.
/// </summary>
internal sealed class BuildTopic(BenchSettings settings)
{
    private const string Buildx = "docker-buildx";
    private const int WarmSamples = 15;
    private const int LayerSamples = 5;
    private const int ContextSamples = 3;
    private const int Layers = 100;
    private const int Files = 50_000;
    private const int FileSize = 20 * 1024;   // 1 GB together

    private long _peak;

    public async Task RunAsync(CancellationToken stop)
    {
        using var folder = new BenchFolder();
        await using var proxy = new CountingProxy(BenchSettings.BuildKitPort);
        var sides = new Sides(folder, proxy, stop);

        var layers = BuildFolders.Layers(folder.Path, Layers);
        await CompareAsync("build.warm", "build.warm", WarmSamples, () => sides.OursAsync(this, layers, fresh: false), () => sides.TheirsAsync(this, layers, fresh: false), stop);
        await CompareAsync("build.layers", "100 layers", LayerSamples, () => sides.OursAsync(this, layers, fresh: true), () => sides.TheirsAsync(this, layers, fresh: true), stop);

        var large = BuildFolders.Large(folder.Path, Files, FileSize);
        await CompareAsync(
            "build.context", "1 GB in 50,000 files", ContextSamples,
            async () => await sides.OursAsync(this, large, fresh: true),
            async () => await sides.TheirsAsync(this, large, fresh: true), stop);
    }

    private async Task CompareAsync(string figure, string what, int samples, Func<Task<Cost>> ours, Func<Task<Cost>> theirs, CancellationToken stop)
    {
        var result = await Alternating.RunAsync($"{what} against {Buildx}", settings.Samples ?? samples, ours, theirs, stop);
        Print("time", "s", cost => cost.Seconds);
        Print("sent", "bytes", cost => cost.Sent);
        Print("rss", "bytes", cost => cost.Peak);

        void Print(string kind, string unit, Func<Cost, double> of) =>
            Figure.Print($"{figure}_{kind}", unit, Buildx, [.. result.Select(pair => new Pair(of(pair.Ours), of(pair.Theirs)))]);
    }

    private ValueTask ReadMemory(ReadOnlyMemory<byte> _)
    {
        _peak = Math.Max(_peak, ChildUsage.PeakBytesOfRunning());
        return ValueTask.CompletedTask;
    }

    /// <param name="Sent">Bytes to the daemon.</param>
    /// <param name="Peak">Resident bytes.</param>
    private sealed record Cost(double Seconds, long Sent, long Peak);

    private sealed class Sides(BenchFolder folder, CountingProxy proxy, CancellationToken stop)
    {
        /// <param name="fresh">
        /// Nothing of an earlier build may be used, neither the cache nor the daemon's copy of the folder: "no-cache" and a new shared key see to it. Not by a
        /// prune: Docker's takes minutes for such folders, on both sides.
        /// </param>
        public async Task<Cost> OursAsync(BuildTopic topic, string context, bool fresh)
        {
            var key = fresh ? Guid.NewGuid().ToString("N") : "warm";
            List<string> command = [BenchSettings.Builder, proxy.Address, context, key];
            if (fresh)
            {
                command.Add("no-cache");
            }

            return await MeasureAsync(topic, command, []);
        }

        /// <summary>buildx derives its key from a number in its configuration's folder.</summary>
        public async Task<Cost> TheirsAsync(BuildTopic topic, string context, bool fresh)
        {
            var configuration = Path.Combine(folder.Path, fresh ? Guid.NewGuid().ToString("N") : "buildx");
            string[] environment = [$"BUILDX_CONFIG={configuration}"];
            if (!Directory.Exists(configuration))
            {
                await Child.RunAsync(
                    [BenchSettings.Buildx, "create", "--name", "bench", "--driver", "remote", proxy.Address], folder.Path, environment, _ => ValueTask.CompletedTask, stop);
            }

            List<string> command = [BenchSettings.Buildx, "--builder", "bench", "build", "--progress", "plain", "--provenance=false"];
            if (fresh)
            {
                command.Add("--no-cache");
            }

            command.Add(context);
            return await MeasureAsync(topic, command, environment);
        }

        private async Task<Cost> MeasureAsync(BuildTopic topic, List<string> command, string[] environment)
        {
            // What the daemon has written for the build before, some gigabyte, must reach the disk in nobody's time.
            await Child.RunAsync(["/bin/sync"], folder.Path, [], _ => ValueTask.CompletedTask, stop);
            topic._peak = 0;
            proxy.TakeSent();
            var record = await Child.RunAsync(command, folder.Path, environment, topic.ReadMemory, stop);
            return new Cost(record.Duration.TotalSeconds, proxy.TakeSent(), topic._peak);
        }
    }
}
