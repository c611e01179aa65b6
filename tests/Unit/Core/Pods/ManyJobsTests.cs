using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Operations.Doctor.Checks;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Pods;
using PodExecutor.Tests.Unit.Core.Cluster;
using PodExecutor.Tests.Unit.Core.Failures;

namespace PodExecutor.Tests.Unit.Core.Pods;

/// <summary>1,000 jobs at one API server. Each has a clock of its own, which jumps over its waits, so the server sees when each would come.</summary>
public sealed class ManyJobsTests
{
    private const int Jobs = 1000;
    private const int RequestsPerJob = 3;

    private static readonly ExecutorOptions Options = OptionsFile.Parse("[kubernetes]\nnamespace = \"ci\"\nhelper_image = \"helper:1\"\n", "options.toml").Options;

    [Fact]
    public async Task Jobs_AtAHealthyServer_MakeThreeRequestsEach()
    {
        var cluster = new JobServer();

        var requests = await StartAllAsync((_, _) => cluster.Answer);

        Assert.All(requests, r => Assert.Equal(RequestsPerJob, r));
        Assert.Equal(Jobs, cluster.Objects.Count);
    }

    [Fact]
    public async Task Jobs_AtAServerThatAsksToWait_WaitAndAllFinish()
    {
        const int Refusals = 3;
        var asked = TimeSpan.FromSeconds(2);
        var cluster = new JobServer();
        var early = 0;

        var requests = await StartAllAsync((_, time) =>
        {
            // Two kinds of requests are refused: one is an ordinary request, the other a stream.
            var refused = new Dictionary<string, (int Times, TimeSpan NotBefore)> { ["POST pods"] = default, ["GET pods?watch"] = default };
            return request =>
            {
                var name = $"{request.Method} {ScriptedServer.Path(request)}{(ScriptedServer.IsWatch(request) ? "?watch" : "")}";
                if (!refused.TryGetValue(name, out var state))
                {
                    return cluster.Answer(request);
                }

                if (time.Now < state.NotBefore)
                {
                    Interlocked.Increment(ref early);
                }

                refused[name] = (state.Times + 1, time.Now + asked);
                return state.Times < Refusals ? ScriptedServer.Refusal(429, "TooManyRequests", (int)asked.TotalSeconds) : cluster.Answer(request);
            };
        });

        Assert.Equal(0, early);
        Assert.All(requests, r => Assert.Equal(RequestsPerJob + (2 * Refusals), r));
    }

    [Fact]
    public async Task Jobs_AfterAnOutage_DoNotComeBackAtOnce()
    {
        var outage = TimeSpan.FromSeconds(30);
        var cluster = new JobServer();
        var back = new TimeSpan[Jobs];

        var requests = await StartAllAsync((job, time) => request =>
        {
            if (time.Now < outage)
            {
                throw new HttpRequestException("Connection refused");
            }

            back[job] = back[job] == TimeSpan.Zero ? time.Now : back[job];
            return cluster.Answer(request);
        });

        var windows = back.GroupBy(b => (int)((b - outage).TotalMilliseconds / 100)).Select(g => g.Count()).ToList();
        Assert.InRange(windows.Max(), 1, Jobs / 10);
        Assert.InRange(back.Max(), outage + TimeSpan.FromSeconds(3), outage + TimeSpan.FromSeconds(6));
        Assert.All(requests, r => Assert.InRange(r, RequestsPerJob, RequestsPerJob + 20));
    }

    /// <returns>The number of requests of each job.</returns>
    private static async Task<int[]> StartAllAsync(Func<int, PromptTime, Func<HttpRequestMessage, HttpResponseMessage>> server)
    {
        var jobs = Enumerable.Range(0, Jobs).Select(async job =>
        {
            var time = new PromptTime(TimeSpan.FromSeconds(8));
            using var api = new ScriptedServer(server(job, time));
            using var client = api.Client(time, new Retry(Options.Kubernetes.RetryBudget, time, new Random(job).NextDouble));
            using var log = new StringWriter();
            await new JobPod(client, Options.Kubernetes, new JobLog(log), time).StartAsync(SampleJob.Plan(Options, job), TestContext.Current.CancellationToken);
            return api.Requests.Count;
        });
        return await Task.WhenAll(jobs);
    }
}
