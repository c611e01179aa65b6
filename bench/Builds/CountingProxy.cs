using System.Net;
using System.Net.Sockets;

namespace PodExecutor.Bench.Builds;

/// <summary>Between a client and the daemon: counts the bytes that the client sends. Both sides of a comparison go through it.</summary>
internal sealed class CountingProxy : IAsyncDisposable
{
    private const int BufferSize = 256 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    private readonly CancellationTokenSource _stop = new();

    private readonly Task _accepting;

    private readonly int _port;

    private long _sent;

    public CountingProxy(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"tcp://{_listener.LocalEndpoint}";

    /// <summary>Bytes from clients since the last time.</summary>
    public long TakeSent() => Interlocked.Exchange(ref _sent, 0);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptSocketAsync(_stop.Token));
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using var near = client;
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _port, _stop.Token);
            await Task.WhenAll(PumpAsync(near, far, counts: true), PumpAsync(far, near, counts: false));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Either side has gone; the client says what is wrong, if anything is.
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool counts)
    {
        var buffer = new byte[BufferSize];
        int count;
        while ((count = await from.ReceiveAsync(buffer, _stop.Token)) > 0)
        {
            if (counts)
            {
                Interlocked.Add(ref _sent, count);
            }

            for (var done = 0; done < count;)
            {
                done += await to.SendAsync(buffer.AsMemory(done, count - done), _stop.Token);
            }
        }

        to.Shutdown(SocketShutdown.Send);
    }
}
