using System.Net;
using System.Net.Sockets;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// Waits until the pod's services listen: its containers share one network, so a service's port is on this container's loopback
/// addresses, of IPv4 or IPv6.
/// </summary>
internal sealed class PortProbe(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Of one connection attempt. Loopback answers at once; longer means that the listener's backlog is full.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <param name="limit">Of the whole wait.</param>
    /// <returns>The ports on which nothing listened within the limit.</returns>
    public async Task<IReadOnlyList<int>> WaitAsync(IReadOnlyList<int> ports, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var waits = ports.Distinct().Select(p => (Port: p, Opened: OpensAsync(p, either.Token))).ToList();
        await Task.WhenAll(waits.Select(w => w.Opened));
        cancellationToken.ThrowIfCancellationRequested();
        return [.. waits.Where(w => !w.Opened.Result).Select(w => w.Port)];
    }

    private async Task<bool> OpensAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            while (!await AnswersAsync(IPAddress.Loopback, port, cancellationToken) && !await AnswersAsync(IPAddress.IPv6Loopback, port, cancellationToken))
            {
                await Task.Delay(Pause, time, cancellationToken);
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task<bool> AnswersAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(new IPEndPoint(address, port), either.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
