using System.Text;
using k8s;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Pods;
using PodExecutor.Tests.Unit.Core.Cluster;
using PodExecutor.Tests.Unit.Core.Failures;

namespace PodExecutor.Tests.Unit.Core.Pods;

/// <summary>The watch of a pod: every frame, cut at every point, in every way, on a clock that jumps over the waits of the retry.</summary>
public sealed class PodWatchTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(120);

    private readonly PromptTime _time = new(TimeSpan.FromSeconds(8));

    public enum Ending
    {
        Regular,
        Cut,

        /// <summary>The line goes on with what is no JSON.</summary>
        Garbage,
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Ending.Regular, 0)]
    [InlineData(Ending.Cut, 0)]
    [InlineData(Ending.Garbage, 0)]
    [InlineData(Ending.Regular, 14)]
    [InlineData(Ending.Cut, 14)]
    [InlineData(Ending.Garbage, 14)]
    public async Task News_CutAtEveryPoint_TellsTheDeletionAndNothingTwice(Ending ending, int oldest)
    {
        // With the versions forgotten (410) the pod is gone when the watch is back: the deletion is told all the same.
        var history = new PodHistory([.. Versions]) { Oldest = oldest };
        var whole = Encoding.UTF8.GetBytes(PodHistory.Short.Watch("10"));
        var (cut, watches) = (0, 0);
        var watch = Watch(Server(
            request => ++watches == 1
                ? ScriptedServer.Stream(
                    [.. whole[..cut], .. ending == Ending.Garbage ? "\u0001}{\n"u8 : []], ending == Ending.Cut ? StreamEnd.Cut : StreamEnd.Regular)
                : ScriptedServer.Stream(history.Watch(ScriptedServer.Version(request)), StreamEnd.Regular),
            history));
        for (; cut < whole.Length; cut++)
        {
            watches = 0;
            var news = await NewsAsync(watch);

            var versions = news.Where(n => !n.Deleted).Select(n => n.Pod!.Metadata.ResourceVersion).ToList();
            Assert.Equal(versions.Distinct(), versions);
            Assert.Equal("10", versions[0]);
            if (oldest == 0)
            {
                Assert.Equal(["10", "11", "13"], versions);
            }

            Assert.True(news[^1].Deleted, $"cut at {cut}: the deletion must be told");
            Assert.Single(news, n => n.Deleted);
            Assert.Equal(PodHistory.Uid, news[^1].Pod!.Metadata.Uid);
        }
    }

    [Fact]
    public async Task News_OfAnUndisturbedPod_TakeTwoRequestsAndNoList()
    {
        var server = Server(request => ScriptedServer.Stream(PodHistory.Short.Watch(ScriptedServer.Version(request)), StreamEnd.Silence));

        await NewsAsync(server);

        Assert.Equal(["GET events?watch", "GET pods?watch"], server.Requests.Order());
        Assert.Contains(server.Queries, q => q.Contains("resourceVersion=10", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_ThatIsAllTheCallerNeeds_TakesNoRequest()
    {
        var server = Server(_ => ScriptedServer.Stream("", StreamEnd.Silence));

        await foreach (var news in Watch(server).NewsAsync(Pod(10), Token))
        {
            Assert.Equal("10", news.Pod!.Metadata.ResourceVersion);
            break;
        }

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Watch_QuietForLongerThanTheBudget_IsOpenedAgain()
    {
        var watches = 0;
        var silent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = Server(request =>
        {
            if (++watches == 1)
            {
                return ScriptedServer.Stream([], StreamEnd.Silence, silent.SetResult);
            }

            return ScriptedServer.Stream(PodHistory.Short.Watch(ScriptedServer.Version(request)), StreamEnd.Silence);
        });
        var reading = NewsAsync(server);
        await silent.Task.WaitAsync(Token);

        // Neither the server nor TCP says a word: the watchdog does.
        _time.Advance(WatchStream.ServerLimit + WatchStream.Slack);

        Assert.True((await reading.WaitAsync(Token))[^1].Deleted);
        Assert.True(WatchStream.ServerLimit + WatchStream.Slack > Budget);
    }

    [Fact]
    public async Task Watch_QuietManyTimes_IsOpenedAgainEachTime()
    {
        var watches = 0;
        var server = Server(request =>
        {
            // Each is ended by the server, in time, without a line.
            return ++watches <= 20 ? ScriptedServer.Stream([], StreamEnd.Regular, () => _time.Advance(WatchStream.ServerLimit))
                : ScriptedServer.Stream(PodHistory.Short.Watch(ScriptedServer.Version(request)), StreamEnd.Regular);
        });

        Assert.True((await NewsAsync(server))[^1].Deleted);
    }

    [Fact]
    public async Task Watch_ThatIsNeverAnswered_FailsWhenTheBudgetIsUsedUp()
    {
        var server = new ScriptedServer(async (request, cancel) =>
        {
            await Task.Delay(Timeout.Infinite, cancel);
            return ScriptedServer.Json("");
        });
        var reading = NewsAsync(server);

        while (!reading.IsCompleted)
        {
            await Until.TrueAsync(() => reading.IsCompleted || _time.HasTimer(ScriptedServer.RequestTimeout));
            _time.Advance(ScriptedServer.RequestTimeout);
        }

        Assert.Contains("no answer within 30 s", (await Assert.ThrowsAsync<ApiException>(() => reading)).Message);
        Assert.InRange(server.Requests.Count(r => r == "GET pods?watch"), 2, 10);
    }

    [Fact]
    public async Task Watch_ThatEndsAtOnceAlways_FailsWhenTheBudgetIsUsedUpAndHammersNobody()
    {
        var server = Server(_ => ScriptedServer.Stream("", StreamEnd.Regular));

        var failure = await Assert.ThrowsAsync<ApiException>(() => NewsAsync(server));

        Assert.Contains("the connection of the watch ended", failure.Message);
        Assert.InRange(server.Requests.Count(r => r == "GET pods?watch"), 10, 80);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Version_ThatIsGone_IsListedAgain(bool asStatus)
    {
        var history = new PodHistory([.. Versions]) { Now = 13, Oldest = 12 };
        var server = Server(
            request =>
            {
                if (ScriptedServer.Version(request) is { } version)
                {
                    return asStatus ? ScriptedServer.Refusal(410, "Expired") : ScriptedServer.Stream(history.Watch(version), StreamEnd.Regular);
                }

                var listed = history.Watch(null);
                history.Now = 14;
                var then = history.Watch("13");
                history.Now = 13;
                return ScriptedServer.Stream(listed + then, StreamEnd.Regular);
            },
            history);

        var news = await NewsAsync(server);

        Assert.Equal(["10", "13", "14"], news.Select(n => n.Pod!.Metadata.ResourceVersion));
        Assert.Equal(["GET pods?watch", "GET pods?watch", "GET pods/job-1"], server.Requests.Where(r => r != "GET events?watch"));
    }

    [Fact]
    public async Task Bookmark_BeforeACut_IsWhereTheNextWatchStarts()
    {
        var watches = 0;
        var history = PodHistory.Short;
        var server = Server(request => ++watches == 1
            ? ScriptedServer.Stream(string.Concat(history.Watch("10").Split('\n').Take(2).Select(l => l + "\n")), StreamEnd.Cut)
            : ScriptedServer.Stream(history.Watch(ScriptedServer.Version(request)), StreamEnd.Regular));

        await NewsAsync(server);

        Assert.Contains(server.Queries, q => q.Contains("resourceVersion=12", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pod_OfTheSameNameAndAnotherUid_MeansThatOursIsGone()
    {
        var server = Server(_ => ScriptedServer.Stream("{\"type\":\"ADDED\",\"object\":" + PodHistory.Pod(20, "Running", "uid-2") + "}\n", StreamEnd.Silence));

        var news = await NewsAsync(server);

        Assert.Equal((true, PodHistory.Uid), (news[^1].Deleted, news[^1].Pod!.Metadata.Uid));
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(NullReferenceException))]
    [InlineData(typeof(TimeoutException))]
    public async Task Exception_OfAnyOtherType_IsTheCallers(Type type)
    {
        var server = Server(_ => throw (Exception)Activator.CreateInstance(type)!);

        await Assert.ThrowsAsync(type, () => NewsAsync(server).WaitAsync(Token));
    }

    [Theory]
    [InlineData(403, "Forbidden")]
    [InlineData(401, "Unauthorized")]
    public async Task Watch_Refused_FailsAtOnce(int status, string reason)
    {
        var server = Server(_ => ScriptedServer.Refusal(status, reason));

        await Assert.ThrowsAsync<ApiException>(() => NewsAsync(server));

        Assert.Single(server.Requests, r => r == "GET pods?watch");
    }

    [Fact]
    public async Task Error_WithinTheWatch_ThatDoesNotPass_FailsAtOnce()
    {
        var server = Server(_ => ScriptedServer.Stream("""{"type":"ERROR","object":{"kind":"Status","code":403,"reason":"Forbidden","message":"not you"}}""" + "\n", StreamEnd.Silence));

        Assert.Contains("not you", (await Assert.ThrowsAsync<ApiException>(() => NewsAsync(server))).Message);
    }

    [Fact]
    public async Task Events_Refused_AreToldAndTheWatchGoesOn()
    {
        var told = new TaskCompletionSource();
        var server = new ScriptedServer(async (request, cancel) =>
        {
            if (ScriptedServer.Path(request) == "events")
            {
                return ScriptedServer.Refusal(403, "Forbidden");
            }

            // Nothing happens to the pod before the reader knows.
            await told.Task.WaitAsync(cancel);
            return ScriptedServer.Stream(PodHistory.Short.Watch("10"), StreamEnd.Regular);
        });

        var deleted = false;
        await foreach (var news in Watch(server).NewsAsync(Pod(10), Token))
        {
            deleted |= news.Deleted;
            if (news.EventsRefused is not null)
            {
                told.SetResult();
            }
        }

        Assert.True(deleted);
    }

    [Fact]
    public async Task First_OfAPodThatGoes_IsNull()
    {
        var server = Server(_ => ScriptedServer.Stream(PodHistory.Short.Watch("10"), StreamEnd.Regular));

        Assert.Null(await Watch(server).FirstAsync(pod => pod.Status.Phase == "Succeeded" ? pod : null, Token));
        Assert.Equal("13", (await Watch(server).FirstAsync(pod => pod.Status.Phase == "Running" ? pod : null, Token))!.Metadata.ResourceVersion);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(14)]
    public async Task Gone_OfAPodThatIsGoneAlready_Returns(int oldest)
    {
        var history = new PodHistory([.. Versions]) { Oldest = oldest };
        var server = Server(request => ScriptedServer.Stream(history.Watch(ScriptedServer.Version(request)), StreamEnd.Silence), history);

        await Watch(server).GoneAsync(Pod(10), Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    private static IReadOnlyList<PodVersion> Versions =>
        [new(10, "ADDED", "Pending"), new(11, "MODIFIED", "Pending"), new(12, "BOOKMARK", ""), new(13, "MODIFIED", "Running"), new(14, "DELETED", "Running")];

    private static V1Pod Pod(int version) => KubernetesJson.Deserialize<V1Pod>(PodHistory.Pod(version, "Pending"));

    /// <summary>Watches of pods are answered by the function; nothing happens to events.</summary>
    private static ScriptedServer Server(Func<HttpRequestMessage, HttpResponseMessage> watch, PodHistory? history = null) => new(request =>
        ScriptedServer.Path(request) switch
        {
            "events" => ScriptedServer.Stream("", StreamEnd.Silence),
            "pods" when ScriptedServer.IsWatch(request) => watch(request),
            _ => (history ?? PodHistory.Short).Get(),
        });

    private PodWatch Watch(ScriptedServer server)
    {
        var retry = new Retry(Budget, _time);
        return new PodWatch(server.Client(_time, retry), "ci", PodHistory.Name, retry);
    }

    private Task<List<PodNews>> NewsAsync(ScriptedServer server) => NewsAsync(Watch(server));

    private static async Task<List<PodNews>> NewsAsync(PodWatch watch)
    {
        var all = new List<PodNews>();
        await foreach (var news in watch.NewsAsync(Pod(10), Token))
        {
            all.Add(news);
        }

        return [.. all.Where(n => n.Pod is not null)];
    }
}
