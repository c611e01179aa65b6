using System.Text.Json.Nodes;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Operations.Doctor.Checks;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Pods;
using PodExecutor.Tests.Unit.Core.Cluster;
using PodExecutor.Tests.Unit.Core.Failures;

namespace PodExecutor.Tests.Unit.Core.Pods;

/// <summary>Bringing up a job's pod: what is requested, and what an earlier try left.</summary>
public sealed class JobPodTests : IDisposable
{
    private static readonly ExecutorOptions Options = OptionsFile.Parse("[kubernetes]\nnamespace = \"ci\"\nhelper_image = \"helper:1\"\n", "options.toml").Options;

    private readonly PromptTime _time = new(TimeSpan.FromSeconds(8));
    private readonly StringWriter _log = new();
    private readonly JobServer _cluster = new();

    /// <summary>A plan with a Secret of logins.</summary>
    private readonly JobPlan _plan = SampleJob.Plan(Options, 1) with { Logins = [new RegistryLogin("registry.test", "user", "password")] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _log.Dispose();

    [Fact]
    public async Task Start_OfATrivialJob_TakesThreeRequests()
    {
        var requests = await StartAsync(SampleJob.Plan(Options, 1));

        Assert.Equal(["GET events?watch", "GET pods?watch", "POST pods"], requests.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Start_WithThePodOfAnEarlierTry_LeavesItsSecretsAlone()
    {
        var secret = await LeaveAsync(pod: true, secret: true);

        var requests = await StartAsync(_plan);

        Assert.Equal(secret, Uid("secrets", PodName.PullSecret(_plan.Pod.Name)));
        Assert.DoesNotContain(requests, r => r.StartsWith("DELETE", StringComparison.Ordinal) || r == "POST pods");
        Assert.Contains("of an earlier try is there and taken over", _log.ToString());
    }

    [Fact]
    public async Task Start_WithThePodOfAnEarlierTry_CreatesTheSecretThatIsMissing()
    {
        await LeaveAsync(pod: true, secret: false);

        await StartAsync(_plan);

        Assert.NotNull(Uid("secrets", PodName.PullSecret(_plan.Pod.Name)));
        Assert.Contains("of an earlier try is there and taken over", _log.ToString());
    }

    [Fact]
    public async Task Start_WithTheSecretsOfAPodThatIsGone_ReplacesThem()
    {
        var secret = await LeaveAsync(pod: false, secret: true);

        var requests = await StartAsync(_plan);

        Assert.NotEqual(secret, Uid("secrets", PodName.PullSecret(_plan.Pod.Name)));
        Assert.Contains("POST pods", requests);
    }

    [Fact]
    public async Task Start_WithAPodThatHasFailed_ReplacesItAndItsSecrets()
    {
        var secret = await LeaveAsync(pod: true, secret: true);
        var old = Uid("pods", _plan.Pod.Name);
        _cluster.Objects[$"pods/{_plan.Pod.Name}"]["status"] = new JsonObject { ["phase"] = "Failed" };

        await StartAsync(_plan);

        Assert.NotEqual(secret, Uid("secrets", PodName.PullSecret(_plan.Pod.Name)));
        Assert.NotEqual(old, Uid("pods", _plan.Pod.Name));
    }

    [Fact]
    public async Task Start_OfAPodThatIsDeletedWhileTheServerIsAway_SaysSo()
    {
        var watches = 0;
        using var server = new ScriptedServer(request =>
        {
            if (ScriptedServer.Path(request) != "pods" || !ScriptedServer.IsWatch(request))
            {
                return _cluster.Answer(request);
            }

            if (++watches > 1)
            {
                return ScriptedServer.Version(request) is null ? ScriptedServer.Stream("", StreamEnd.Silence) : ScriptedServer.Refusal(410, "Expired");
            }

            _cluster.Objects.TryRemove($"pods/{_plan.Pod.Name}", out _);
            return ScriptedServer.Stream("", StreamEnd.Cut);
        });

        var failure = await Assert.ThrowsAsync<FailureException>(() => Pod(server).StartAsync(_plan, Token));

        Assert.Contains("was deleted while it started", failure.Message);
    }

    private async Task<IReadOnlyList<string>> StartAsync(JobPlan plan)
    {
        using var server = new ScriptedServer(_cluster.Answer);
        await Pod(server).StartAsync(plan, Token);
        return [.. server.Requests];
    }

    private JobPod Pod(ScriptedServer server) =>
        new(server.Client(_time, new Retry(Options.Kubernetes.RetryBudget, _time)), Options.Kubernetes, new JobLog(_log), _time);

    /// <returns>The Secret's uid.</returns>
    private async Task<string?> LeaveAsync(bool pod, bool secret)
    {
        await StartAsync(_plan);
        if (!pod)
        {
            _cluster.Objects.TryRemove($"pods/{_plan.Pod.Name}", out _);
        }

        if (!secret)
        {
            _cluster.Objects.TryRemove($"secrets/{PodName.PullSecret(_plan.Pod.Name)}", out _);
        }

        return Uid("secrets", PodName.PullSecret(_plan.Pod.Name));
    }

    private string? Uid(string kind, string name) => _cluster.Objects.GetValueOrDefault($"{kind}/{name}")?["metadata"]!["uid"]!.GetValue<string>();
}
