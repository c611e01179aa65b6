using Grpc.Core;

namespace PodExecutor.BuildKit.Session;

/// <summary>The session of one build: through it the daemon calls this client's services, as long as it is open.</summary>
internal sealed class BuildSession : IAsyncDisposable
{
    private readonly Tunnel _tunnel;

    private readonly SessionServer _server;

    private readonly CancellationTokenSource _end;

    private BuildSession(Tunnel tunnel, SessionServer server, CancellationTokenSource end) => (_tunnel, _server, _end) = (tunnel, server, end);

    /// <summary>Faults when the session ends before it is disposed.</summary>
    public Task Completion => _tunnel.Completion;

    /// <param name="id">Must hold no ":": the daemon takes what is before it for something else.</param>
    public static async Task<BuildSession> OpenAsync(
        CallInvoker daemon,
        string id,
        string sharedKey,
        IReadOnlyDictionary<string, SessionHandler> handlers,
        SessionFailures failures,
        CancellationToken cancellation)
    {
        var headers = new Metadata { { SessionProtocol.IdHeader, id }, { SessionProtocol.SharedKeyHeader, sharedKey } };
        foreach (var method in handlers.Keys)
        {
            headers.Add(SessionProtocol.MethodHeader, method);
        }

        var end = new CancellationTokenSource();
        var tunnel = new Tunnel(daemon.AsyncDuplexStreamingCall(SessionProtocol.Method, null, new CallOptions(headers, cancellationToken: end.Token)));
        try
        {
            var application = new SessionApplication(handlers, failures, end.Token);
            var server = await SessionServer.StartAsync(tunnel.Server, application, cancellation).ConfigureAwait(false);
            return new BuildSession(tunnel, server, end);
        }
        catch
        {
            await tunnel.DisposeAsync().ConfigureAwait(false);
            end.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _tunnel.DisposeAsync().ConfigureAwait(false);
        await _server.DisposeAsync().ConfigureAwait(false);
        _end.Dispose();
    }
}
