using System.Net;
using System.Net.Sockets;

namespace PodExecutor.Tests.Common;

/// <summary>Leads TCP connections to a server under an address of its own, which can die: every connection is reset then, and none is taken any more.</summary>
internal sealed class MortalProxy : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly IPEndPoint _server;
    private readonly List<Socket> _open = [];
    private readonly Lock _gate = new();
    private readonly Task _accepting;
    private bool _dead;

    /// <param name="port">0: any.</param>
    public MortalProxy(IPAddress listenOn, IPEndPoint server, int port = 0)
    {
        (_listener, _server) = (new TcpListener(listenOn, port), server);
        _listener.Start();
        Address = $"tcp://{_listener.LocalEndpoint}";
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    public void Die()
    {
        _listener.Stop();
        lock (_gate)
        {
            _dead = true;
            foreach (var socket in _open)
            {
                // Linger 0: RST instead of FIN, so that neither side may think that it was an orderly end.
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }

            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Die();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Dead.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_server);
                lock (_gate)
                {
                    ObjectDisposedException.ThrowIf(_dead, this);
                    _open.AddRange([client, server]);
                }

                await using var up = new NetworkStream(client);
                await using var down = new NetworkStream(server);
                await Task.WhenAny(up.CopyToAsync(down), down.CopyToAsync(up));
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
            }
        }
    }
}
