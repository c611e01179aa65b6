using System.Net.Sockets;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Relay;

/// <summary>
/// <c>pod-agent link</c>: what the driver's exec starts. It joins its stdin and stdout with the supervisor's socket and knows
/// nothing of what passes, and keeps none of it. When either side ends, it ends.
/// </summary>
internal static class LinkCommand
{
    /// <summary>The container may be younger than the supervisor's socket by some milliseconds.</summary>
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(20);

    private const int BufferSize = 256 * 1024;

    public static async Task<int> RunAsync(string socketPath, TimeProvider time)
    {
        // The builders' keys pass here: a script of the same user must not read our memory, nor what waits in our stdin.
        _ = Libc.Prctl(Libc.SetDumpable, 0, 0, 0, 0);
        using var socket = await ConnectAsync(socketPath, time);
        if (socket is null)
        {
            await Console.Error.WriteLineAsync($"pod-agent: nobody answers at {socketPath}: the container's agent does not run.");
            return 1;
        }

        await using var supervisor = new NetworkStream(socket, ownsSocket: false);
        await using var stdin = Console.OpenStandardInput();
        await using var stdout = Console.OpenStandardOutput();
        var up = Copy(stdin, supervisor);
        var down = Copy(supervisor, stdout);
        await Task.WhenAny(up, down);

        // The driver's last frame may be on its way up while the supervisor's end is closed, never the other way round.
        if (up.IsCompleted)
        {
            socket.Shutdown(SocketShutdown.Send);
        }

        return 0;
    }

    private static async Task<Socket?> ConnectAsync(string path, TimeProvider time)
    {
        var begin = time.GetTimestamp();
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
                if (time.GetElapsedTime(begin) > ConnectPatience)
                {
                    return null;
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), time);
        }
    }

    private static Task Copy(Stream from, Stream to) => Task.Run(async () =>
    {
        var buffer = new byte[BufferSize];
        try
        {
            int count;
            while ((count = await from.ReadAsync(buffer)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, count));
                buffer.AsSpan(0, count).Clear();
            }
        }
        catch (IOException)
        {
            // Either side has gone: that is how a link ends.
        }
    });
}
