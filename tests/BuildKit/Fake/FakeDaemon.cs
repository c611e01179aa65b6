using System.Collections.Concurrent;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.Api;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>A daemon in this process that does what a test wants of it: real HTTP/2 and real sessions, over pipes.</summary>
internal sealed class FakeDaemon : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<FakeSession>> _sessions = new();

    private readonly ConcurrentBag<SessionServer> _servers = [];

    private readonly ConcurrentBag<DuplexStream> _connections = [];

    private readonly CancellationTokenSource _end = new();

    /// <summary>The whole of a build.</summary>
    public Func<FakeSession, SolveCall, Task<SolveResponse>> OnSolve { get; set; } = (_, _) => Task.FromResult(new SolveResponse());

    /// <summary>Says nothing and ends, unless a test wants otherwise.</summary>
    public Func<SessionCall, Task> OnStatus { get; set; } = call => call.StartAsync();

    public PodExecutor.BuildKit.BuildKitClient Connect(BuildKitClientOptions? options = null) =>
        new(BuildKitEndpoint.FromStream("fake", _ => OpenAsync()), options);

    public void CutConnections()
    {
        foreach (var connection in _connections)
        {
            connection.Cut();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _end.Dispose();
    }

    private async ValueTask<Stream> OpenAsync()
    {
        var (client, server) = DuplexStream.Pair();
        _connections.Add(server);
        var handlers = new Dictionary<string, SessionHandler>
        {
            ["/moby.buildkit.v1.Control/Session"] = SessionAsync,
            ["/moby.buildkit.v1.Control/Solve"] = SolveAsync,
            ["/moby.buildkit.v1.Control/Status"] = call => OnStatus(call),
        };
        _servers.Add(await SessionServer.StartAsync(server, new SessionApplication(handlers, new SessionFailures(), _end.Token), _end.Token));
        return client;
    }

    private async Task SessionAsync(SessionCall call)
    {
        await using var session = new FakeSession(call);
        Slot(session.Id).SetResult(session);
        await session.RunAsync();
    }

    private async Task SolveAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(PodExecutor.BuildKit.Wire.Api.SolveRequest.Parser);
        var session = await Slot(request.Session).Task.WaitAsync(call.Cancelled);
        await call.SendAsync(await OnSolve(session, new SolveCall(request, call.Cancelled)));
    }

    private TaskCompletionSource<FakeSession> Slot(string id) => _sessions.GetOrAdd(id, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}

/// <param name="Cancelled">The client gave the build up.</param>
internal sealed record SolveCall(PodExecutor.BuildKit.Wire.Api.SolveRequest Request, CancellationToken Cancelled)
{
    /// <summary>Ends only when the client gives the build up.</summary>
    public Task ForeverAsync() => Wait.ForCancellationAsync(Cancelled);
}
