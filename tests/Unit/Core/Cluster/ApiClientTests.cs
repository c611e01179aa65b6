using System.Net;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Tests.Unit.Core.Failures;

namespace PodExecutor.Tests.Unit.Core.Cluster;

/// <summary>Requests and streams of the API client, against a server that misbehaves.</summary>
public sealed class ApiClientTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(120);

    private readonly PromptTime _time = new(TimeSpan.FromSeconds(8));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_ThatIsNotAnswered_FailsAfterTheRequestTimeout()
    {
        using var server = new ScriptedServer(async (_, cancel) =>
        {
            await Task.Delay(Timeout.Infinite, cancel);
            throw new InvalidOperationException();
        });
        using var api = Client(server);
        var opening = api.OpenWatchAsync("api/v1/namespaces/ci/pods?fieldSelector=x", Token);
        await Until.TrueAsync(() => _time.HasTimer(ScriptedServer.RequestTimeout));

        _time.Advance(ScriptedServer.RequestTimeout);

        var failure = await Assert.ThrowsAsync<ApiException>(() => opening.WaitAsync(Token));
        Assert.True(failure.IsTransient);
        Assert.Contains("no answer within 30 s", failure.Message);
    }

    [Fact]
    public async Task Watch_ThatIsSilent_EndsAfterTheServersLimit()
    {
        using var server = new ScriptedServer(_ => ScriptedServer.Stream("line\n", StreamEnd.Silence));
        using var api = Client(server);
        using var watch = await api.OpenWatchAsync("api/v1/namespaces/ci/pods?fieldSelector=x", Token);
        Assert.Equal("line", await watch.ReadLineAsync(Token));
        var next = watch.ReadLineAsync(Token);

        _time.Advance(WatchStream.ServerLimit);
        Assert.False(next.IsCompleted);
        _time.Advance(WatchStream.Slack);

        Assert.Null(await next.WaitAsync(Token));
        Assert.Contains("timeoutSeconds=120", Assert.Single(server.Queries));
        Assert.Contains("allowWatchBookmarks=true", Assert.Single(server.Queries));
    }

    [Fact]
    public async Task Watch_Canceled_IsNoEnd()
    {
        using var server = new ScriptedServer(_ => ScriptedServer.Stream("", StreamEnd.Silence));
        using var api = Client(server);
        using var stop = new CancellationTokenSource();
        using var watch = await api.OpenWatchAsync("api/v1/namespaces/ci/pods?fieldSelector=x", stop.Token);
        var next = watch.ReadLineAsync(stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(Token));
    }

    [Fact]
    public async Task Log_OfAContainerThatPrintsNothing_IsWaitedForWithoutALimit()
    {
        var answer = new TaskCompletionSource<HttpResponseMessage>();
        using var server = new ScriptedServer((_, cancel) => answer.Task.WaitAsync(cancel));
        using var api = Client(server);
        await using var lines = api.FollowLogAsync("api/v1/namespaces/ci/pods/job/log?follow=true", Token).GetAsyncEnumerator(Token);
        var first = lines.MoveNextAsync();

        _time.Advance(ScriptedServer.RequestTimeout * 100);
        answer.SetResult(ScriptedServer.Stream("hello\n", StreamEnd.Regular));

        Assert.True(await first);
        Assert.Equal("hello", lines.Current);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Exec_Refused_KeepsRetryAfter(int status)
    {
        using var server = new ScriptedServer(_ => ScriptedServer.Refusal(status, "TooManyRequests", retryAfterSeconds: 5));
        using var api = Client(server);

        var failure = await Assert.ThrowsAsync<ApiException>(() => api.ExecAsync("ci", "job", "helper", ["true"], Token));

        Assert.Equal((true, TimeSpan.FromSeconds(5), "the words of the server"), (failure.IsTransient, failure.RetryAfter, failure.Detail));
    }

    [Fact]
    public async Task Exec_ThatIsNotAnswered_FailsAfterTheRequestTimeout()
    {
        using var server = new ScriptedServer(async (_, cancel) =>
        {
            await Task.Delay(Timeout.Infinite, cancel);
            throw new InvalidOperationException();
        });
        using var api = Client(server);
        var opening = api.ExecAsync("ci", "job", "helper", ["true"], Token);
        await Until.TrueAsync(() => _time.HasTimer(ScriptedServer.RequestTimeout));

        _time.Advance(ScriptedServer.RequestTimeout);

        var failure = await Assert.ThrowsAsync<ApiException>(() => opening.WaitAsync(Token));
        Assert.True(failure.IsTransient);
        Assert.Contains("no answer within 30 s", failure.Message);
    }

    [Theory]
    [InlineData("POST", 409, "Conflict", true)]
    [InlineData("PATCH", 409, "Conflict", true)]
    [InlineData("POST", 409, "AlreadyExists", false)]
    [InlineData("DELETE", 409, "Conflict", false)]
    [InlineData("POST", 403, "Forbidden", false)]
    [InlineData("POST", 422, "Invalid", false)]
    [InlineData("POST", 429, "TooManyRequests", true)]
    [InlineData("GET", 500, "InternalError", true)]
    [InlineData("GET", 504, "Timeout", true)]
    public async Task Request_Refused_IsMadeAgainIfTheRefusalMayPass(string method, int status, string reason, bool again)
    {
        var requests = 0;
        using var server = new ScriptedServer(_ => ++requests == 1 ? ScriptedServer.Refusal(status, reason) : ScriptedServer.Json("{}"));
        using var api = Client(server);
        Task Call() => method switch
        {
            "POST" => api.CreateAsync("api/v1/namespaces/ci/pods", new V1Pod(), Token),
            "PATCH" => api.MergePatchAsync("api/v1/namespaces/ci/secrets/s", "{}", Token),
            "DELETE" => api.DeleteAsync("api/v1/namespaces/ci/pods/p", null, Token),
            _ => api.GetAsync<V1Pod>("api/v1/namespaces/ci/pods/p", Token),
        };

        if (again)
        {
            await Call();
        }
        else
        {
            Assert.Equal((HttpStatusCode)status, (await Assert.ThrowsAsync<ApiException>(Call)).Status);
        }

        Assert.Equal(again ? 2 : 1, requests);
    }

    [Fact]
    public async Task Answer_CutWithinItsBody_IsAskedForAgain()
    {
        var requests = 0;
        using var server = new ScriptedServer(_ =>
            ++requests == 1 ? ScriptedServer.Stream("""{"metadata":{"na""", StreamEnd.Cut) : ScriptedServer.Json("""{"metadata":{"name":"p"}}"""));
        using var api = Client(server);

        Assert.Equal("p", (await api.GetAsync<V1Pod>("api/v1/namespaces/ci/pods/p", Token)).Metadata.Name);
    }

    private ApiClient Client(ScriptedServer server) => server.Client(_time, new Retry(Budget, _time));
}
