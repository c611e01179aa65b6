using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// The agent's TCP port on the pod's loopback addresses: the kubelet's port-forward ends there. Every container of the pod can connect,
/// so nothing is served before <see cref="Link.LinkHandshake"/>.
/// </summary>
internal sealed class LoopbackListener : IDisposable
{
    // Above the kernel's default range for outgoing connections (ip_local_port_range), and rarely a service's port.
    private const int FirstPort = 61000;
    private const int LastPort = 65535;
    private const int Tries = 100;
    private const int Backlog = 64;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly List<Socket> _sockets;

    private LoopbackListener(int port, List<Socket> sockets) => (Port, _sockets) = (port, sockets);

    public int Port { get; }

    /// <summary>Null if no port could be opened; the driver then keeps to exec.</summary>
    public static LoopbackListener? TryOpen()
    {
        for (var i = 0; i < Tries; i++)
        {
            var port = RandomNumberGenerator.GetInt32(FirstPort, LastPort + 1);
            var sockets = new[] { IPAddress.Loopback, IPAddress.IPv6Loopback }.Select(a => Listen(a, port)).OfType<Socket>().ToList();
            if (sockets.Count > 0)
            {
                return new LoopbackListener(port, sockets);
            }
        }

        return null;
    }

    /// <summary>Hands every connection over until the token ends it.</summary>
    public Task AcceptAsync(Action<Socket> serve, TimeProvider time, CancellationToken cancellationToken) =>
        Task.WhenAll(_sockets.Select(s => AcceptAsync(s, serve, time, cancellationToken)));

    public void Dispose() => _sockets.ForEach(s => s.Dispose());

    private static async Task AcceptAsync(Socket listener, Action<Socket> serve, TimeProvider time, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var connection = await listener.AcceptAsync(cancellationToken);
                connection.NoDelay = true;
                serve(connection);
            }
            catch (SocketException)
            {
                // The peer has gone already, or this process has too many descriptors: those of half-open connections are closed soon.
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static Socket? Listen(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(Backlog);
            return socket;
        }
        catch (SocketException)
        {
            // Taken, or the pod has no such address family.
            socket.Dispose();
            return null;
        }
    }
}
