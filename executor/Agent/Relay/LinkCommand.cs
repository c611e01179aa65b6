using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Relay;

/// <summary>
/// <c>pod-agent link</c>: what the driver's exec starts. It joins its stdin and stdout with the supervisor's socket and knows
/// nothing of what passes, and keeps none of it. When either side ends, it ends.
/// </summary>
/// <remarks>
/// Each direction has a thread of its own: in a container with one CPU the thread pool has a single thread, and a blocking read of
/// stdin on it would hold back the output for a second.
/// </remarks>
internal static class LinkCommand
{
    private const int BufferSize = 128 * 1024;

    /// <summary>The container may be younger than the supervisor's socket, and a script may have removed it: it is made again within a second.</summary>
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public static int Run(string socketPath)
    {
        // Keys pass here: a script of the same user must not read our memory, nor what waits in our stdin.
        _ = Libc.Prctl(Libc.SetDumpable, 0, 0, 0, 0);
        using var socket = Connect(socketPath);
        if (socket is null)
        {
            Console.Error.WriteLine($"pod-agent: no agent is listening on {socketPath}");
            return 1;
        }

        var supervisor = (int)socket.SafeHandle.DangerousGetHandle();
        using var over = new ManualResetEventSlim();
        Start("up", () => Copy(0, supervisor), over);
        Start("down", () => Copy(supervisor, 1), over);
        over.Wait();
        return 0;
    }

    private static void Start(string name, Action copy, ManualResetEventSlim over) => new Thread(() =>
    {
        copy();
        over.Set();
    }, maxStackSize: 256 * 1024)
    { IsBackground = true, Name = name }.Start();

    private static Socket? Connect(string path)
    {
        var begin = Stopwatch.GetTimestamp();
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                socket.Connect(new UnixDomainSocketEndPoint(path));
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
                if (Stopwatch.GetElapsedTime(begin) > ConnectPatience)
                {
                    return null;
                }
            }

            // The process's only thread: nothing else waits for it.
            Thread.Sleep(Pause);
        }
    }

    /// <summary>Until either end is gone: that is how a link ends.</summary>
    private static unsafe void Copy(int from, int to)
    {
        var buffer = new byte[BufferSize];
        fixed (byte* start = buffer)
        {
            nint count;
            while ((count = Read(from, start)) > 0 && WriteAll(to, start, count))
            {
                buffer.AsSpan(0, (int)count).Clear();
            }
        }
    }

    private static unsafe nint Read(int from, byte* buffer)
    {
        nint count;
        do
        {
            count = Libc.Read(from, buffer, BufferSize);
        }
        while (count < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);
        return count;
    }

    private static unsafe bool WriteAll(int to, byte* data, nint count)
    {
        while (count > 0)
        {
            var written = Libc.Write(to, data, count);
            if (written < 0 && Marshal.GetLastPInvokeError() != Libc.Interrupted)
            {
                return false;
            }

            data += Math.Max(written, 0);
            count -= Math.Max(written, 0);
        }

        return true;
    }
}
