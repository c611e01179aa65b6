using System.Text.RegularExpressions;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>One job, driven by the runner double through the published binary, with a directory of its own that goes with it.</summary>
internal sealed partial class TestJob : IAsyncDisposable
{
    private readonly TestCluster _cluster;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("job-");
    private readonly CancellationTokenSource _graceful = new();
    private readonly CancellationTokenSource _abort = new();

    public TestJob(TestCluster cluster, JobRequest request)
    {
        (_cluster, Payload) = (cluster, request.ToPayload());
        Namespace = request.Namespace ?? cluster.Namespace;
        var options = Path.Combine(_directory.FullName, "options.toml");
        File.WriteAllText(options, request.ToOptions(cluster));
        string[] Call(string verb) => ["--config", options, verb];
        Runner = new RunnerOptions
        {
            Executable = cluster.Binary,
            ConfigArguments = Call("config"),
            PrepareArguments = Call("prepare"),
            RunArguments = Call("run"),
            CleanupArguments = Call("cleanup"),
            TemporaryDirectory = _directory.FullName,
            PreparationPause = TimeSpan.FromMilliseconds(100),
        };
    }

    public JobPayload Payload { get; set; }

    public string Namespace { get; }

    public RunnerOptions Runner { get; set; }

    public WatchedOutput Log { get; } = new();

    /// <summary>As the log tells it.</summary>
    public string Pod => PodLine().Match(Log.Text) is { Success: true } line ? line.Groups[1].Value : throw new InvalidOperationException("no pod yet:\n" + Log.Text);

    public static async Task<JobOutcome> RunAsync(TestCluster cluster, JobRequest request, Action<string>? log = null)
    {
        await using var job = new TestJob(cluster, request);
        var outcome = await job.RunAsync();
        log?.Invoke(job.Log.Text);
        return outcome;
    }

    public Task<JobOutcome> RunAsync() => new RunnerDouble(Runner, Log, TimeProvider.System).RunAsync(Payload, new JobStop(_graceful.Token, _abort.Token));

    /// <summary>For calls in an order of the test's own.</summary>
    public RunnerSession Session() => new(Runner, Payload, chunk => Log.WriteAsync(chunk), TimeProvider.System);

    /// <summary>As the cancel button: the step is stopped, after_script still runs.</summary>
    public void Cancel() => _graceful.Cancel();

    public void Abort() => _abort.Cancel();

    /// <summary>Waits until the pod has gone, and fails if it stays or a Secret of it does.</summary>
    public async Task NothingIsLeftAsync()
    {
        await _cluster.GoneAsync($"pod/{Pod}", Namespace);
        var secrets = await _cluster.KubectlAsync("get", "secrets", "-n", Namespace, "-o", "name");
        Assert.DoesNotContain(Pod, secrets);
    }

    public async ValueTask DisposeAsync()
    {
        if (PodLine().IsMatch(Log.Text))
        {
            await Shell.TryAsync("kubectl", "delete", "pod", Pod, "-n", Namespace, "--ignore-not-found", "--grace-period=0", "--wait=false");
        }

        _graceful.Dispose();
        _abort.Dispose();
        _directory.Delete(recursive: true);
        await Log.DisposeAsync();
    }

    [GeneratedRegex(@"Using pod (\S+) in namespace")]
    private static partial Regex PodLine();
}
