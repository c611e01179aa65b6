using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>Passes TCP connections on to the API server and cuts them all when told to: by a reset, in the middle of whatever they carry.</summary>
internal sealed partial class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _server;
    private readonly Lock _gate = new();
    private readonly List<TcpClient> _open = [];
    private readonly Task _accepting;

    private CuttingProxy(IPEndPoint server)
    {
        _server = server;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>How many connections there have been.</summary>
    public int Connections { get; private set; }

    /// <summary>A kubeconfig whose API server is this proxy, as a file.</summary>
    public string Kubeconfig { get; private init; } = "";

    public static CuttingProxy Start(TestCluster cluster, string directory)
    {
        var text = File.ReadAllText(cluster.Kubeconfig);
        var url = new Uri(Server().Match(text).Value);
        var file = Path.Combine(directory, "kubeconfig-of-proxy");
        var proxy = new CuttingProxy(new IPEndPoint(IPAddress.Parse(url.Host), url.Port)) { Kubeconfig = file };
        var port = ((IPEndPoint)proxy._listener.LocalEndpoint).Port;
        File.WriteAllText(file, text.Replace($"{url.Host}:{url.Port}", $"127.0.0.1:{port}", StringComparison.Ordinal));
        return proxy;
    }

    /// <returns>How many connections it cut.</returns>
    public int Cut()
    {
        lock (_gate)
        {
            var cut = _open.Count;
            foreach (var connection in _open)
            {
                // Linger 0: RST instead of FIN, so that neither side may think that it was an orderly end.
                connection.LingerState = new LingerOption(true, 0);
                connection.Dispose();
            }

            _open.Clear();
            return cut / 2;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Cut();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        try
        {
            await server.ConnectAsync(_server);
            lock (_gate)
            {
                Connections++;
                _open.AddRange([client, server]);
            }

            await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(client.GetStream()));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
        finally
        {
            lock (_gate)
            {
                _open.Remove(client);
                _open.Remove(server);
            }

            client.Dispose();
            server.Dispose();
        }
    }

    [GeneratedRegex(@"https://[0-9.]+:[0-9]+")]
    private static partial Regex Server();
}
