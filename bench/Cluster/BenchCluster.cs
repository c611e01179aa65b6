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
    private int _lastFile;
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

    /// <summary>Without limits.</summary>
    public RunnerOptions Runner => BenchJob.Runner(Settings, _optionsFile, _folder.Path);

    /// <param name="more">Keys of the options file's [kubernetes] table, and tables after it.</param>
    public RunnerOptions RunnerWith(string more)
    {
        var file = _folder.Write($"options-{++_lastFile}.toml", BenchJob.Options(Settings, Namespace, BenchSettings.Kubeconfig, more));
        return BenchJob.Runner(Settings, file, _folder.Path);
    }

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
    public JobPayload Job(params string[] script) => BenchJob.Payload(Interlocked.Increment(ref _lastJob), script);

    /// <summary>Runs a job through all its calls.</summary>
    /// <exception cref="BenchException">It fails.</exception>
    public static async Task<JobOutcome> PassAsync(RunnerOptions runner, JobPayload job, CancellationToken stop)
    {
        using var log = new MemoryStream();
        var outcome = await new RunnerDouble(runner, log, TimeProvider.System).RunAsync(job, new JobStop(CancellationToken.None, stop));
        stop.ThrowIfCancellationRequested();
        return outcome.Result == JobResult.Success
            ? outcome
            : throw new BenchException($"The job failed:\n{System.Text.Encoding.UTF8.GetString(log.ToArray())}");
    }

    /// <summary>A session whose pod is there, up to <paramref name="use"/>; the pod is deleted afterwards.</summary>
    public Task WithPodAsync(Func<ReadOnlyMemory<byte>, ValueTask> log, Func<RunnerSession, string, Task> use, CancellationToken stop) =>
        WithPodAsync(Runner, log, use, stop);

    /// <inheritdoc cref="WithPodAsync(Func{ReadOnlyMemory{byte}, ValueTask}, Func{RunnerSession, string, Task}, CancellationToken)"/>
    public async Task WithPodAsync(
        RunnerOptions runner, Func<ReadOnlyMemory<byte>, ValueTask> log, Func<RunnerSession, string, Task> use, CancellationToken stop)
    {
        using var session = new RunnerSession(runner, Job("true"), log, TimeProvider.System);
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

    /// <returns>The uid of the one pod that there is.</returns>
    public async Task<string> OnlyPodAsync(CancellationToken stop) => (await Api.GetAsync<V1PodList>(Pods, stop)).Items.Single().Metadata.Uid;

    /// <summary>The command line of kubectl in this namespace.</summary>
    public string[] Kubectl(params string[] arguments) =>
        [Child.Find("kubectl"), $"--kubeconfig={BenchSettings.Kubeconfig}", "-n", Namespace, .. arguments];

    /// <summary>The command line of `kubectl exec` in a pod's build container.</summary>
    public string[] KubectlExec(string pod, params string[] command) => Kubectl(["exec", "-c", Stage.BuildContainer, pod, "--", .. command]);

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
    public async Task<double> ExecTrueAsync(string pod, CancellationToken stop, string container = Stage.BuildContainer)
    {
        var begin = Stopwatch.GetTimestamp();
        await using var exec = await Api.ExecAsync(Namespace, pod, container, ["true"], stop);
        await exec.CopyToAsync(Stream.Null, stop);
        return exec.Ended is { Success: true }
            ? Stopwatch.GetElapsedTime(begin).TotalSeconds
            : throw new BenchException($"The exec of true failed: {exec.Ended?.Message ?? "cut"} {exec.StandardError}");
    }

    /// <summary>Follows a watch until the handler has seen what it wants.</summary>
    /// <exception cref="BenchException">The server ends the watch before.</exception>
    public async Task WatchAsync(string path, Func<string, JsonElement, bool> found, CancellationToken stop)
    {
        await foreach (var line in Api.FollowLogAsync(path, stop))
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
