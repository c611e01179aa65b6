using System.Net.Sockets;
using System.Runtime.InteropServices;
using PodExecutor.Agent.Builders;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// <c>pod-agent supervise</c>: the main process of the build and the helper container. It owns the scripts; connections of
/// drivers come and go. It knows nothing of Kubernetes, and holds no credential.
/// </summary>
internal static class SuperviseCommand
{
    /// <summary>A driver that has just begun must not wait for one that hangs; more than a few at once is a fault.</summary>
    private const int Backlog = 16;

    public static async Task<int> RunAsync(SupervisorOptions options, TimeProvider time)
    {
        using var ending = new CancellationTokenSource();
        using var onTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => End(context, ending));
        using var onInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => End(context, ending));
        using var reaper = new Reaper();
        var cgroup = Cgroup.OfThisProcess;
        cgroup.KillSingleProcesses();
        using var runs = new StageRuns(options, reaper.Start, cgroup, time);
        await using var builders = new BuilderHost(options.ToolsDirectory, time);

        Directory.CreateDirectory(options.StateDirectory);
        Identity.Publish(options.IdentityPath);
        using var listener = Listen(options.SocketPath);
        await AcceptAsync(listener, runs, builders, time, ending.Token);
        await runs.StopAsync();
        return 0;
    }

    private static void End(PosixSignalContext context, CancellationTokenSource ending)
    {
        context.Cancel = true;
        ending.Cancel();
    }

    private static Socket Listen(string path)
    {
        // Bound aside and moved into place: whoever sees the socket can connect.
        var fresh = path + ".new";
        File.Delete(fresh);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(fresh));
        listener.Listen(Backlog);
        File.Move(fresh, path, overwrite: true);
        return listener;
    }

    private static async Task AcceptAsync(Socket listener, StageRuns runs, BuilderHost builders, TimeProvider time, CancellationToken cancel)
    {
        var previous = Task.CompletedTask;
        CancellationTokenSource? giveUp = null;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                var connection = await listener.AcceptAsync(cancel);

                // A new connection replaces the old one: its driver has lost that, whether we have noticed or not.
                if (giveUp is not null)
                {
                    await giveUp.CancelAsync();
                    await previous;
                    giveUp.Dispose();
                }

                giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                previous = ServeAsync(connection, runs, builders, time, giveUp.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (SocketException e)
            {
                await Console.Error.WriteLineAsync($"pod-agent: a connection could not be accepted: {e.Message}");
            }
        }

        await previous;
        giveUp?.Dispose();
    }

    private static async Task ServeAsync(Socket connection, StageRuns runs, BuilderHost builders, TimeProvider time, CancellationToken cancel)
    {
        using var session = new LinkSession(new NetworkStream(connection, ownsSocket: true), runs, builders, time);
        try
        {
            await session.RunAsync(cancel);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The driver has gone. The run goes on, its output waits in the spool.
        }
    }
}
