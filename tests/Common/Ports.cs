using System.Net;
using System.Net.Sockets;

namespace PodExecutor.Tests.Common;

internal static class Ports
{
    /// <summary>One that nobody listens on, on loopback.</summary>
    public static int Free()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
