using System.Collections.Concurrent;
using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using PodExecutor.Agent.Builders.Forwarding;
using PodExecutor.Agent.Builders.Wire;
using PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.Tests.Unit.Builders;

/// <summary>A buildkitd on a port of this machine that answers what it is asked and builds nothing: it keeps the build requests.</summary>
internal sealed class FakeBuildKit : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeBuildKit(string label)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.Protocols = HttpProtocols.Http2));
        builder.Logging.ClearProviders();
        _app = builder.Build();
        var workers = new ListWorkersResponse { Record = { new PodExecutor.BuildKit.Wire.Workers.WorkerRecord { Id = "w", Labels = { [label] = "x" } } } };
        Serve("ListWorkers", ListWorkersRequest.Parser, _ => workers);
        Serve("Info", InfoRequest.Parser, _ => new InfoResponse());
        Serve("Solve", SolveRequest.Parser, request =>
        {
            Solves.Add(request);
            return new SolveResponse();
        });
        Serve("Status", StatusRequest.Parser, _ => new StatusResponse());
        Serve("ListenBuildHistory", HistoryRequest.Parser, request => Others.Contains(request.Ref) ? new HistoryEvent() : null);
        _app.MapPost("/moby.buildkit.v1.Control/Session", async (HttpContext context) =>
        {
            Sessions.Add(context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString()));
            context.Response.ContentType = "application/grpc";
            await context.Response.StartAsync(context.RequestAborted);
            context.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers["grpc-status"] = "0";
        });
    }

    public ConcurrentBag<SolveRequest> Solves { get; } = [];

    /// <summary>Headers of the sessions that were opened.</summary>
    public ConcurrentBag<IReadOnlyDictionary<string, string>> Sessions { get; } = [];

    /// <summary>Refs of builds that it has in its history.</summary>
    public ConcurrentBag<string> Others { get; } = [];

    public string Address => _app.Urls.Single().Replace("http://", "tcp://", StringComparison.Ordinal);

    /// <param name="label">A label of its worker: tells Docker's BuildKit from one of its own.</param>
    public static async Task<FakeBuildKit> StartAsync(string label)
    {
        var fake = new FakeBuildKit(label);
        await fake._app.StartAsync(TestContext.Current.CancellationToken);
        return fake;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Serve<T>(string method, MessageParser<T> parser, Func<T, IMessage?> answer)
        where T : IMessage<T> => _app.MapPost("/moby.buildkit.v1.Control/" + method, async (HttpContext context) =>
    {
        // gRPC's frame: a flag, four bytes of length, the message; the status comes in the trailers.
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        context.Response.ContentType = "application/grpc";
        await context.Response.StartAsync(context.RequestAborted);
        if (answer(parser.ParseFrom(body.GetBuffer().AsSpan(5, (int)body.Length - 5))) is { } reply)
        {
            await context.Response.Body.WriteAsync(GatewayCall.Frame(reply), context.RequestAborted);
        }

        context.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers["grpc-status"] = "0";
    });
}
