using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using k8s;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// The few requests that we make to the API server. The objects are KubernetesClient's; connection and requests are our own, because
/// its errors lose the server's Status and Retry-After, its AOT build has no watch, and a process per call must start with little.
/// </summary>
internal sealed class ApiClient(ApiTransport transport, Retry retry, TimeSpan requestTimeout, TimeProvider time) : IDisposable
{
    private const int LongestError = 64 * 1024;

    public Uri Server => transport.Server;

    private string NoAnswer => $"no answer within {requestTimeout.TotalSeconds:0} s";

    public Task<T> CreateAsync<T>(string collection, T body, CancellationToken cancel)
        where T : class => CreateAsync<T>(collection, KubernetesJson.Serialize(body), cancel);

    /// <param name="json">The object as it is to be sent.</param>
    public async Task<T> CreateAsync<T>(string collection, string json, CancellationToken cancel)
        where T : class => Parse<T>(await SendAsync(HttpMethod.Post, collection, json, "application/json", cancel));

    public async Task<T> GetAsync<T>(string path, CancellationToken cancel)
        where T : class => Parse<T>(await SendAsync(HttpMethod.Get, path, null, "", cancel));

    /// <summary>The objects' metadata and nothing else: what is in a Secret stays with the server.</summary>
    public async Task<T> GetMetadataAsync<T>(string path, CancellationToken cancel)
        where T : class => Parse<T>(await SendAsync(HttpMethod.Get, path, null, "", cancel, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"));

    /// <summary>The API server's clock, which the objects' timestamps are of; null if it does not tell.</summary>
    public Task<DateTimeOffset?> GetServerTimeAsync(CancellationToken cancel) => retry.RunAsync(
        async token =>
        {
            using var response = await WithinTimeoutAsync("GET version", t => OpenAsync(HttpMethod.Get, "version", null, "", t), token);
            return response.Headers.Date;
        },
        cancel);

    /// <summary>One try: for callers that retry themselves.</summary>
    public async Task<T> GetOnceAsync<T>(string path, CancellationToken cancel)
        where T : class => Parse<T>(await SendOnceAsync(HttpMethod.Get, path, null, "", cancel));

    /// <summary>What is no object: a log, the server's version.</summary>
    public Task<string> GetTextAsync(string path, CancellationToken cancel) => SendAsync(HttpMethod.Get, path, null, "", cancel);

    public Task MergePatchAsync(string path, string json, CancellationToken cancel) =>
        SendAsync(HttpMethod.Patch, path, json, "application/merge-patch+json", cancel);

    /// <summary>Deletes one object or a collection; what is not there is fine.</summary>
    public async Task DeleteAsync(string path, string? options, CancellationToken cancel)
    {
        try
        {
            await SendAsync(HttpMethod.Delete, path, options, "application/json", cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            // Somebody else was faster.
        }
    }

    /// <summary>Opens one watch. The server must answer within the request timeout; what it then sends, and for how long, is the stream's.</summary>
    /// <param name="path">With a query: what is watched.</param>
    /// <exception cref="ApiException">It cannot be opened.</exception>
    public async Task<WatchStream> OpenWatchAsync(string path, CancellationToken cancel)
    {
        var watch = $"{path}&watch=1&allowWatchBookmarks=true&timeoutSeconds={WatchStream.ServerLimit.TotalSeconds:0}";
        return await WithinTimeoutAsync(
            Name(HttpMethod.Get, path),
            async token =>
            {
                var response = await OpenAsync(HttpMethod.Get, watch, null, "", token);
                return new WatchStream(response, await response.Content.ReadAsStreamAsync(token), time);
            },
            cancel);
    }

    /// <summary>
    /// A log, line by line, until the server or the token ends it. No timeout applies: the server does not even begin to answer
    /// before the container prints something.
    /// </summary>
    /// <exception cref="ApiException">It cannot be opened. A cut is no exception: the sequence ends.</exception>
    public async IAsyncEnumerable<string> FollowLogAsync(string path, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var response = await OpenAsync(HttpMethod.Get, path, null, "", cancel);
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        using var reader = new StreamReader(body, Encoding.UTF8);
        while (await ReadLineAsync(reader, cancel) is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Opens an exec in a container.</summary>
    /// <exception cref="ApiException">The server refuses, or cannot be reached.</exception>
    public async Task<ExecStream> ExecAsync(string ns, string pod, string container, IEnumerable<string> command, CancellationToken cancel)
    {
        var query = string.Concat(command.Select(c => $"&command={Uri.EscapeDataString(c)}"));
        var path = $"api/v1/namespaces/{ns}/pods/{pod}/exec?container={container}&stdin=true&stdout=true&stderr=true&tty=false{query}";
        return new ExecStream(await OpenSocketAsync(path, $"exec in {container} of pod {pod}", cancel));
    }

    /// <summary>Connects to a port on a pod's loopback address.</summary>
    /// <exception cref="ApiException">The server refuses, or cannot be reached. If nothing listens, the stream ends at once.</exception>
    public async Task<PortForwardStream> PortForwardAsync(string ns, string pod, int port, CancellationToken cancel) =>
        new(await OpenSocketAsync($"api/v1/namespaces/{ns}/pods/{pod}/portforward?ports={port}", $"port-forward to pod {pod}", cancel));

    /// <summary>Opens a WebSocket with channel protocol v4: every server has it, and the link needs no half-close.</summary>
    private async Task<WebSocket> OpenSocketAsync(string path, string what, CancellationToken cancel)
    {
        var uri = new UriBuilder(new Uri(transport.Server, path));
        uri.Scheme = uri.Scheme == Uri.UriSchemeHttp ? "ws" : "wss";
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(ChannelStream.Protocol);
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        using var upgrade = new UpgradeInvoker(transport);
        using var patience = new CancellationTokenSource(requestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            await socket.ConnectAsync(uri.Uri, upgrade, either.Token);
            return socket;
        }
        catch (Exception e) when (e is WebSocketException or HttpRequestException or IOException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            socket.Dispose();
            throw upgrade.Refusal is { } refusal
                ? Refused(what, refusal.Status, refusal.Body, RetryAfter(refusal.RetryAfter))
                : new ApiException(what, null, "", e is OperationCanceledException ? NoAnswer : Innermost(e).Message, inner: e);
        }
    }

    public void Dispose() => transport.Dispose();

    private static T Parse<T>(string json) => KubernetesJson.Deserialize<T>(json);

    private static async Task<string?> ReadLineAsync(StreamReader reader, CancellationToken cancel)
    {
        try
        {
            return await reader.ReadLineAsync(cancel);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return null;
        }
    }

    private Task<string> SendAsync(HttpMethod method, string path, string? body, string contentType, CancellationToken cancel, string? accept = null) =>
        retry.RunAsync(token => SendOnceAsync(method, path, body, contentType, token, accept), cancel);

    private async Task<string> SendOnceAsync(
        HttpMethod method, string path, string? body, string contentType, CancellationToken cancel, string? accept = null)
    {
        return await WithinTimeoutAsync(
            Name(method, path),
            async token =>
            {
                using var response = await OpenAsync(method, path, body, contentType, token, accept);
                return await response.Content.ReadAsStringAsync(token);
            },
            cancel);
    }

    private async Task<T> WithinTimeoutAsync<T>(string request, Func<CancellationToken, Task<T>> call, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(requestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        try
        {
            return await call(either.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new ApiException(request, null, "", NoAnswer, inner: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // The answer was cut within its body.
            throw new ApiException(request, null, "", Innermost(e).Message, inner: e);
        }
    }

    private async Task<HttpResponseMessage> OpenAsync(
        HttpMethod method, string path, string? body, string contentType, CancellationToken cancel, string? accept = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(transport.Server, path));
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue(contentType));
        }

        try
        {
            var response = await transport.SendAsync(request, cancel);
            if (response.IsSuccessStatusCode)
            {
                return response;
            }

            using (response)
            {
                var text = await response.Content.ReadAsStringAsync(cancel);
                throw Refused(Name(method, path), response.StatusCode, text, RetryAfter(response.Headers.RetryAfter), repeatable: method != HttpMethod.Delete);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new ApiException(Name(method, path), null, "", Innermost(e).Message, inner: e);
        }
    }

    /// <param name="repeatable">False for a delete: its precondition on the object does not hold, and will not.</param>
    private static ApiException Refused(string request, HttpStatusCode status, string body, TimeSpan? retryAfter, bool repeatable = true)
    {
        var shown = body.Length > LongestError ? body[..LongestError] : body;
        var answer = StatusText.Parse(shown);
        return new ApiException(request, status, answer.Reason, answer.Message.Length > 0 ? answer.Message : $"HTTP {(int)status}", retryAfter)
        {
            ConflictPasses = repeatable,
        };
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) => header?.Delta ?? (header?.Date - time.GetUtcNow());

    private static string Name(HttpMethod method, string path) => $"{method} {path.Split('?')[0]}";

    private static Exception Innermost(Exception e) => e.InnerException is null ? e : Innermost(e.InnerException);
}
