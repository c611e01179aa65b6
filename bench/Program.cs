using System.Runtime.InteropServices;
using PodExecutor.Bench;
using PodExecutor.Bench.Builds;
using PodExecutor.Bench.Burst;
using PodExecutor.Bench.Cache;
using PodExecutor.Bench.Cluster;
using PodExecutor.Bench.Logs;
using PodExecutor.Bench.Processes;
using PodExecutor.Bench.Stages;
using PodExecutor.Bench.Start;
using PodExecutor.BuildKit;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;

// The driver's processes are measured first without a cluster, then with it.
var cluster = new Dictionary<string, Func<BenchCluster, CancellationToken, Task>>
{
    ["driver"] = (c, stop) => new DriverJobTopic(c).RunAsync(stop),
    ["start"] = (c, stop) => new StartTopic(c).RunAsync(stop),
    ["stage"] = (c, stop) => new StageTopic(c).RunAsync(stop),
    ["burst"] = (c, stop) => new BurstTopic(c).RunAsync(stop),
    ["log"] = (c, stop) => new LogTopic(c).RunAsync(stop),
};
string[] known = ["cache", "build", .. cluster.Keys];
var topics = args.Length > 0 ? args : known;
if (topics.FirstOrDefault(t => !known.Contains(t)) is { } unknown)
{
    await Console.Error.WriteLineAsync($"bench: there is no topic \"{unknown}\"; the topics are {string.Join(", ", known)}.");
    return 2;
}

// A signal ends the running sample; the pods are then deleted as at the end of a good run.
using var stopping = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stopping.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
try
{
    var settings = BenchSettings.FromEnvironment();
    if (topics.Contains("driver"))
    {
        await new DriverTopic(settings).RunAsync(stopping.Token);
    }

    if (topics.Contains("cache"))
    {
        await new CacheTopic(settings, BenchSettings.Agent).RunAsync(stopping.Token);
    }

    if (topics.Contains("build"))
    {
        await new BuildTopic(settings).RunAsync(stopping.Token);
    }

    if (topics.Any(cluster.ContainsKey))
    {
        await using var bench = await BenchCluster.OpenAsync(settings, stopping.Token);
        foreach (var topic in topics.Where(cluster.ContainsKey))
        {
            await cluster[topic](bench, stopping.Token);
        }
    }

    return 0;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    await Console.Error.WriteLineAsync("bench: stopped");
    return 130;
}
catch (Exception e) when (e is BenchException or FailureException or ApiException or BuildKitException or IOException)
{
    await Console.Error.WriteLineAsync($"bench: {e.Message}");
    return 1;
}
