using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>A listener of a neighbor: passes connections on and keeps what a driver says; or answers in the agent's place with random bytes.</summary>
internal sealed class Wiretap : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Lock _lock = new();
    private readonly MemoryStream _recorded = new();
    private readonly int? _target;

    /// <param name="target">The agent's port; null to answer in its place.</param>
    public Wiretap(int? target)
    {
        _target = target;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public byte[] Recorded
    {
        get
        {
            lock (_lock)
            {
                return _recorded.ToArray();
            }
        }
    }

    public void Dispose() => _listener.Dispose();

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

    private async Task ServeAsync(TcpClient driver)
    {
        using (driver)
        {
            try
            {
                if (_target is not { } port)
                {
                    await driver.GetStream().WriteAsync(RandomNumberGenerator.GetBytes(64));
                    await RecordAsync(driver.GetStream(), Stream.Null);
                    return;
                }

                using var agent = new TcpClient();
                await agent.ConnectAsync(IPAddress.Loopback, port);
                var up = RecordAsync(driver.GetStream(), agent.GetStream());
                await agent.GetStream().CopyToAsync(driver.GetStream());
                driver.Client.Shutdown(SocketShutdown.Send);
                await up;
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // Either side has gone.
            }
        }
    }

    private async Task RecordAsync(NetworkStream from, Stream to)
    {
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await from.ReadAsync(buffer)) > 0)
        {
            lock (_lock)
            {
                _recorded.Write(buffer, 0, count);
            }

            await to.WriteAsync(buffer.AsMemory(0, count));
        }
    }
}
