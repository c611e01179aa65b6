using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>Kestrel's HTTP/2 on unix sockets, without its host: no port, no configuration.</summary>
internal sealed class GatewayServer : IAsyncDisposable
{
    private const UnixFileMode Everyone = (UnixFileMode)0x1B6;

    private readonly KestrelServer _kestrel;
    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();
    private readonly IReadOnlyDictionary<string, Func<BuilderFeature>> _sockets;

    /// <param name="sockets">Path to where a connection leads.</param>
    public GatewayServer(IReadOnlyDictionary<string, Func<BuilderFeature>> sockets)
    {
        _sockets = sockets;
        var options = new KestrelServerOptions { AddServerHeader = false, ApplicationServices = _services };
        var limits = options.Limits;
        // Not infinite: Kestrel adds to it, overflows, and closes the connection at its next tick.
        limits.KeepAliveTimeout = TimeSpan.FromDays(365);
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
        limits.MaxRequestBodySize = null;
        limits.MaxConcurrentConnections = null;
        limits.MaxRequestHeadersTotalSize = 1 << 20;
        limits.MaxRequestHeaderCount = 10_000;
        limits.Http2.MaxRequestHeaderFieldSize = 64 * 1024;
        limits.Http2.MaxStreamsPerConnection = 1000;
        limits.Http2.InitialStreamWindowSize = 1 << 20;
        limits.Http2.InitialConnectionWindowSize = 4 << 20;
        foreach (var (path, feature) in sockets)
        {
            File.Delete(path);
            options.ListenUnixSocket(path, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.Use(next => connection =>
                {
                    connection.Features.Set(feature());
                    return next(connection);
                });
            });
        }

        _kestrel = new KestrelServer(
            Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance), NullLoggerFactory.Instance);
    }

    public async Task StartAsync(GatewayApplication application, CancellationToken cancel)
    {
        await _kestrel.StartAsync(application, cancel);

        // The job's user may be any; who it is decides nothing here.
        foreach (var path in _sockets.Keys)
        {
            File.SetUnixFileMode(path, Everyone);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _kestrel.StopAsync(now.Token);
        _kestrel.Dispose();
        await _services.DisposeAsync();
    }
}
