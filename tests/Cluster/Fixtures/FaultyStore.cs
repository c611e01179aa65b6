using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>
/// Stands before the real S3 server and breaks what a test tells it to. It passes the Host header on as it came, so that signatures
/// for this address fit: the server behind checks them against what the client has sent.
/// </summary>
internal sealed class FaultyStore : IAsyncDisposable
{
    private readonly WebApplication _proxy;
    private readonly HttpClient _server = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private int _requests;

    private FaultyStore()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Parse(TestCluster.NodeAddress), 0);
        });
        _proxy = builder.Build();
        _proxy.Run(HandleAsync);
    }

    /// <summary>Reachable from pods, too.</summary>
    public string Address => new Uri(_proxy.Urls.First()).Authority;

    public int Requests => _requests;

    /// <summary>Asked first for each request, with its number from 1: true if it has answered.</summary>
    public Func<HttpContext, int, Task<bool>>? Fault { get; set; }

    /// <summary>Bytes after which an answer's connection is cut; null: never.</summary>
    public Func<HttpContext, int, long?>? CutAfter { get; set; }

    public static async Task<FaultyStore> StartAsync()
    {
        var store = new FaultyStore();
        await store._proxy.StartAsync();
        return store;
    }

    public static async Task<bool> AnswerAsync(HttpContext context, int status, string code, string? retryAfter = null)
    {
        context.Response.StatusCode = status;
        if (retryAfter is not null)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        await context.Response.WriteAsync($"<Error><Code>{code}</Code></Error>");
        return true;
    }

    /// <summary>By a reset, in the middle of whatever it carries.</summary>
    public static void Cut(HttpContext context) => context.Abort();

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var number = Interlocked.Increment(ref _requests);
        if (Fault is { } fault && await fault(context, number))
        {
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), $"http://{S3Server.Address}{context.Request.Path.ToUriComponent()}{context.Request.QueryString}");
        if (context.Request.ContentLength is not null)
        {
            request.Content = new StreamContent(context.Request.Body);
        }

        foreach (var (name, values) in context.Request.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        try
        {
            using var response = await _server.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            await PassOnAsync(context, response, CutAfter?.Invoke(context, number));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            Cut(context);
        }
    }

    private static async Task PassOnAsync(HttpContext context, HttpResponseMessage response, long? cutAfter)
    {
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers).Where(h => h.Key is not ("Transfer-Encoding" or "Connection")))
        {
            context.Response.Headers[name] = values.ToArray();
        }

        await using var body = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[64 * 1024];
        var passed = 0L;
        int count;
        while ((count = await body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            var allowed = (int)Math.Min(count, (cutAfter ?? long.MaxValue) - passed);
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, allowed), context.RequestAborted);
            passed += allowed;
            if (allowed < count)
            {
                await context.Response.Body.FlushAsync(context.RequestAborted);
                Cut(context);
                return;
            }
        }
    }
}
