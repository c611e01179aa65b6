using System.Net;
using System.Net.Sockets;

namespace PodExecutor.Tests.Cluster.Images;

/// <summary>The builders of tests/testbed/buildkit.sh listen on loopback: this leads pods there, from the address under which they reach this machine.</summary>
internal sealed class PodsBuilder : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Parse(Fixtures.TestCluster.NodeAddress), 0);
    private readonly int _port;
    private readonly Task _accepting;

    private PodsBuilder(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"tcp://{_listener.LocalEndpoint}";

    /// <summary>A builder table for the options file, with mutual TLS.</summary>
    public string Options(string name) => $"""

        [[builders]]
        name = "{name}"
        address = "{Address}"
        ca_file = "{Pki}/ca.crt"
        cert_file = "{Pki}/client.crt"
        key_file = "{Pki}/client.key"
        server_name = "localhost"

        """;

    public static string Pki => Path.Combine(
        Environment.GetEnvironmentVariable("POD_EXECUTOR_CACHE") is { Length: > 0 } given ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "pod-executor"),
        "buildkit", "pki");

    /// <summary>BuildKit 0.25 behind mutual TLS.</summary>
    public static PodsBuilder Start() => new(15225);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
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
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _port);
                await Task.WhenAny(client.GetStream().CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(client.GetStream()));
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                // Cut.
            }
        }
    }
}
