using System.IO.Pipelines;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace PodExecutor.BuildKit.Session;

/// <summary>Kestrel's HTTP/2 over the tunnel, without its host: no port, no configuration, no container.</summary>
internal sealed class SessionServer : IAsyncDisposable
{
    private readonly KestrelServer _kestrel;

    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();

    private SessionServer(IDuplexPipe tunnel)
    {
        var options = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = _services };
        var limits = options.Limits;
        // Not infinite: Kestrel adds to it, overflows, and closes the connection at its next tick.
        limits.KeepAliveTimeout = TimeSpan.FromDays(365);
        // A step of the build may let a transfer rest as long as it likes.
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxRequestBodySize = null;
        limits.MaxResponseBufferSize = 256 * 1024;
        limits.MaxRequestHeadersTotalSize = 1 << 20;   // every path that COPY names is a header
        limits.MaxRequestHeaderCount = 100_000;
        limits.Http2.MaxRequestHeaderFieldSize = 64 * 1024;
        limits.Http2.MaxStreamsPerConnection = 1000;
        limits.Http2.InitialStreamWindowSize = 1 << 20;
        limits.Http2.InitialConnectionWindowSize = 4 << 20;
        options.Listen(new TunnelTransport.TunnelEndPoint(), listen => listen.Protocols = HttpProtocols.Http2);
        _kestrel = new KestrelServer(Options.Create(options), new TunnelTransport(tunnel), NullLoggerFactory.Instance);
    }

    public static async Task<SessionServer> StartAsync(IDuplexPipe tunnel, SessionApplication application, CancellationToken cancellation)
    {
        var server = new SessionServer(tunnel);
        await server._kestrel.StartAsync(application, cancellation).ConfigureAwait(false);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync().ConfigureAwait(false);
        await _kestrel.StopAsync(now.Token).ConfigureAwait(false);
        _kestrel.Dispose();
        await _services.DisposeAsync().ConfigureAwait(false);
    }
}
