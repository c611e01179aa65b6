using System.Diagnostics;
using System.Text.Json;
using k8s.Models;
using PodExecutor.Bench.Measuring;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Cluster;

/// <summary>A namespace of this run in the cluster. When it is disposed of, its pods and it are deleted.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    private readonly BenchFolder _folder = new();
    private readonly string _optionsFile;
    private long _lastJob = Environment.ProcessId * 1000L;

    private BenchCluster(BenchSettings settings)
    {
        Settings = settings;
        Namespace = $"bench-{Guid.NewGuid().ToString("N")[..8]}";
        _optionsFile = _folder.Write("options.toml", BenchJob.Options(settings, Namespace, BenchSettings.Kubeconfig));
        Api = Connection.Open(OptionsFile.Load(_optionsFile).Kubernetes, TimeProvider.System);
    }

    public BenchSettings Settings { get; }

    public string Namespace { get; }

    public ApiClient Api { get; }

    public string Pods => $"api/v1/namespaces/{Namespace}/pods";

    public RunnerOptions Runner => BenchJob.Runner(Settings, _optionsFile, _folder.Path);

    public static async Task<BenchCluster> OpenAsync(BenchSettings settings, CancellationToken stop)
    {
        var cluster = new BenchCluster(settings);
        try
        {
            await cluster.Api.CreateAsync("api/v1/namespaces", new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new V1ObjectMeta { Name = cluster.Namespace },
            }, stop);

            // A controller makes it, and without it the API server refuses every pod.
            await cluster.WatchAsync($"api/v1/namespaces/{cluster.Namespace}/serviceaccounts?watch=1", (_, item) => Name(item) == "default", stop);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A job of its own number.</summary>
    public JobPayload Job(params string[] script) => BenchJob.Payload(++_lastJob, script);

    /// <summary>A session whose pod is there, up to <paramref name="use"/>; the pod is deleted afterwards.</summary>
    public async Task WithPodAsync(Func<ReadOnlyMemory<byte>, ValueTask> log, Func<RunnerSession, string, Task> use, CancellationToken stop)
    {
        using var session = new RunnerSession(Runner, Job("true"), log, TimeProvider.System);
        try
        {
            var (config, problem) = await session.ConfigAsync(stop);
            _ = problem is null ? Child.Passed(config) : throw new BenchException($"config: {problem}");
            Child.Passed(await session.PrepareAsync(stop));
            stop.ThrowIfCancellationRequested();
            await use(session, (await Api.GetAsync<V1PodList>(Pods, stop)).Items.Single().Metadata.Name);
        }
        finally
        {
            await session.CleanupAsync();
        }

        await NoPodsAsync(stop);
    }

    /// <summary>Waits until the namespace has no pod, so that the end of one sample does not slow the next one down.</summary>
    public async Task NoPodsAsync(CancellationToken stop)
    {
        var list = await Api.GetAsync<V1PodList>(Pods, stop);
        var left = list.Items.Select(p => p.Metadata.Name).ToHashSet();
        if (left.Count > 0)
        {
            await WatchAsync(
                $"{Pods}?watch=1&resourceVersion={list.Metadata.ResourceVersion}",
                (type, item) => type == "DELETED" && left.Remove(Name(item)) && left.Count == 0,
                stop);
        }
    }

    /// <summary>From this process, which is warm and has the API server's certificate checked already: what no new process can reach.</summary>
    /// <returns>Seconds of an exec of `true` in the build container.</returns>
    public async Task<double> ExecTrueAsync(string pod, CancellationToken stop)
    {
        var begin = Stopwatch.GetTimestamp();
        await using var exec = await Api.ExecAsync(Namespace, pod, Stage.BuildContainer, ["true"], stop);
        await exec.CopyToAsync(Stream.Null, stop);
        return exec.Ended is { Success: true }
            ? Stopwatch.GetElapsedTime(begin).TotalSeconds
            : throw new BenchException($"The exec of true failed: {exec.Ended?.Message ?? "cut"} {exec.StandardError}");
    }

    /// <summary>Follows a watch until the handler has seen what it wants.</summary>
    /// <exception cref="BenchException">The server ends the watch before.</exception>
    public async Task WatchAsync(string path, Func<string, JsonElement, bool> found, CancellationToken stop)
    {
        await foreach (var line in Api.WatchAsync(path, stop))
        {
            using var json = JsonDocument.Parse(line);
            if (found(json.RootElement.GetProperty("type").GetString() ?? "", json.RootElement.GetProperty("object")))
            {
                return;
            }
        }

        stop.ThrowIfCancellationRequested();
        throw new BenchException($"The API server ended the watch on {path} too early.");
    }

    public async ValueTask DisposeAsync()
    {
        const string Now = """{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0}""";
        await Api.DeleteAsync(Pods, Now, CancellationToken.None);
        await Api.DeleteAsync($"api/v1/namespaces/{Namespace}", null, CancellationToken.None);
        Api.Dispose();
        _folder.Dispose();
    }

    private static string Name(JsonElement item) => item.GetProperty("metadata").GetProperty("name").GetString() ?? "";
}
