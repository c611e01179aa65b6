using System.Globalization;
using System.Net;
using System.Net.Sockets;
using PodExecutor.Link;

namespace PodExecutor.Agent.Relay;

/// <summary>
/// <c>pod-agent await-ports</c>: waits until the pod's services listen. The containers of a pod share one network, so what listens
/// here is a service. Prints the declared ports that do not answer in time, and a last word that tells that it has finished.
/// </summary>
internal static class AwaitPortsCommand
{
    private const int Listening = 0x0A;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6"];

    /// <param name="limit">For the declared ports.</param>
    /// <param name="undeclared">How many services declare no port.</param>
    /// <param name="courtesy">How long anything is waited for of them.</param>
    public static async Task<int> RunAsync(TimeSpan limit, int undeclared, TimeSpan courtesy, IReadOnlyList<int> ports, TimeProvider time)
    {
        var begin = time.GetTimestamp();
        var closed = ports.ToHashSet();
        while (true)
        {
            foreach (var port in closed.ToList())
            {
                if (await AnswersAsync(IPAddress.Loopback, port, time) || await AnswersAsync(IPAddress.IPv6Loopback, port, time))
                {
                    closed.Remove(port);
                }
            }

            var elapsed = time.GetElapsedTime(begin);
            var othersListen = elapsed >= courtesy || Listeners().Except(ports).Count() >= undeclared;
            if ((closed.Count == 0 && othersListen) || elapsed >= limit)
            {
                await Console.Out.WriteLineAsync(string.Join(' ', [.. closed.Select(c => c.ToString(CultureInfo.InvariantCulture)), LinkProtocol.Done]));
                return 0;
            }

            await Task.Delay(Pause, time);
        }
    }

    /// <summary>The ports that a kernel's table of sockets shows as listening. Source: proc(5), /proc/net/tcp.</summary>
    public static IEnumerable<int> Listeners(IEnumerable<string> table) =>
        from line in table.Skip(1)
        let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        where fields.Length > 3 && int.TryParse(fields[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var state) && state == Listening
        select int.Parse(fields[1].AsSpan(fields[1].IndexOf(':', StringComparison.Ordinal) + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static HashSet<int> Listeners() => [.. Tables.Where(File.Exists).SelectMany(t => Listeners(File.ReadLines(t)))];

    private static async Task<bool> AnswersAsync(IPAddress address, int port, TimeProvider time)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), patience.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
