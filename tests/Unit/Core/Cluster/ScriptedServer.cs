using System.Collections.Concurrent;
using System.Net;
using System.Text;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Tests.Unit.Core.Cluster;

/// <summary>An API server in this process: each request is answered by a function, and nothing goes over a network.</summary>
internal sealed class ScriptedServer(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer) : DelegatingHandler
{
    public static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    public ScriptedServer(Func<HttpRequestMessage, HttpResponseMessage> answer)
        : this((request, _) => Task.FromResult(answer(request)))
    {
    }

    /// <summary>"GET pods?watch", "GET pods/job-1" …, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>The queries of watches of a kind.</summary>
    public ConcurrentQueue<string> Queries { get; } = new();

    public ApiClient Client(TimeProvider time, Retry retry)
    {
        var endpoint = new ApiEndpoint { Server = new Uri("http://api.test/") };
        return new ApiClient(new ApiTransport(endpoint, this, new ApiCredentials(endpoint, null)), retry, RequestTimeout, time);
    }

    /// <summary>"pods", "pods/job-1/exec" …</summary>
    public static string Path(HttpRequestMessage request)
    {
        var path = request.RequestUri!.AbsolutePath.Trim('/').Split('/');
        var at = Array.IndexOf(path, "namespaces");
        return string.Join('/', at >= 0 && path.Length > at + 2 ? path[(at + 2)..] : path[^1..]);
    }

    public static bool IsWatch(HttpRequestMessage request) => request.RequestUri!.Query.Contains("watch=1", StringComparison.Ordinal);

    /// <summary>The version that a watch starts from, or null.</summary>
    public static string? Version(HttpRequestMessage request) =>
        request.RequestUri!.Query.TrimStart('?').Split('&').FirstOrDefault(p => p.StartsWith("resourceVersion=", StringComparison.Ordinal))?.Split('=')[1];

    public static HttpResponseMessage Json(string body, HttpStatusCode status = HttpStatusCode.OK) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    public static HttpResponseMessage Refusal(int status, string reason, int? retryAfterSeconds = null)
    {
        var response = Json($$"""{"kind":"Status","status":"Failure","reason":"{{reason}}","message":"the words of the server","code":{{status}}}""", (HttpStatusCode)status);
        if (retryAfterSeconds is { } seconds)
        {
            response.Headers.RetryAfter = new System.Net.Http.Headers.RetryConditionHeaderValue(TimeSpan.FromSeconds(seconds));
        }

        return response;
    }

    /// <param name="atEnd">Done when all bytes have been read.</param>
    public static HttpResponseMessage Stream(byte[] bytes, StreamEnd end, Action? atEnd = null) =>
        new(HttpStatusCode.OK) { Content = new StreamContent(new ScriptedBody(bytes, end, atEnd)) };

    public static HttpResponseMessage Stream(string text, StreamEnd end) => Stream(Encoding.UTF8.GetBytes(text), end);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Enqueue($"{request.Method} {Path(request)}{(IsWatch(request) ? "?watch" : "")}");
        Queries.Enqueue(request.RequestUri!.Query);
        return answer(request, cancellationToken);
    }
}

/// <summary>What comes after the last byte.</summary>
internal enum StreamEnd
{
    /// <summary>The server has ended it.</summary>
    Regular,

    /// <summary>The connection is cut.</summary>
    Cut,

    /// <summary>Nothing, for ever: a half-open connection.</summary>
    Silence,
}

internal sealed class ScriptedBody(byte[] bytes, StreamEnd end, Action? atEnd) : MemoryStream(bytes)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await base.ReadAsync(buffer, cancellationToken);
        if (read > 0)
        {
            return read;
        }

        atEnd?.Invoke();
        if (end == StreamEnd.Regular)
        {
            return 0;
        }

        if (end == StreamEnd.Silence)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        throw new IOException("Connection reset by peer");
    }
}
