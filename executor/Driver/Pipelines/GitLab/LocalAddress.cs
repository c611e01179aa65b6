using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace PodExecutor.Driver.Pipelines.GitLab;

/// <summary>The address under which a pod can reach this machine, as far as one can tell from here.</summary>
internal static class LocalAddress
{
    // TEST-NET-1: asks the routing table for the way out; connecting a UDP socket sends nothing.
    private const string AnywhereOutside = "192.0.2.1";

    /// <param name="apiServer">The cluster's API server: the way to it is likely the way to its pods. Null if unknown.</param>
    public static string Find(string? apiServer) =>
        Towards(apiServer) ?? Towards(AnywhereOutside) ?? FirstOfAnyCard() ?? "127.0.0.1";

    private static string? Towards(string? host)
    {
        if (string.IsNullOrEmpty(host))
        {
            return null;
        }

        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(host, 443);

            // An API server on this very machine says nothing about where its pods are.
            return socket.LocalEndPoint is IPEndPoint { Address: var address } && !IPAddress.IsLoopback(address) ? address.ToString() : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static string? FirstOfAnyCard() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(card => card.OperationalStatus == OperationalStatus.Up)
        .SelectMany(card => card.GetIPProperties().UnicastAddresses)
        .Select(a => a.Address)
        .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a))?.ToString();
}
