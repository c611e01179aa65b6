using System.Net.Sockets;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// The socket in the state directory on which <c>pod-agent link</c> arrives. The directory belongs to the job's user, so a script can
/// remove the socket (<c>rm -rf /run/*</c>) or put another one in its place: it is made again within a second.
/// </summary>
internal sealed class LocalListener(string path, TimeProvider time)
{
    private const int Backlog = 16;

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Hands every connection over until the token ends it. The first socket exists when this method returns its task.</summary>
    public async Task AcceptAsync(Action<Socket> serve, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var listener = Listen();
                await AcceptWhileInPlaceAsync(listener, serve, cancellationToken);
            }
            catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"pod-agent: cannot listen on {path}: {e.Message}");
                await Task.Delay(Look, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task AcceptWhileInPlaceAsync(Socket listener, Action<Socket> serve, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchAsync(Identify(), over);
        try
        {
            while (true)
            {
                serve(await listener.AcceptAsync(over.Token));
            }
        }
        catch (OperationCanceledException)
        {
            // The socket is no longer in place, or the agent ends.
        }
        finally
        {
            await over.CancelAsync();
            await watching;
        }
    }

    private async Task WatchAsync((ulong Device, ulong Inode)? ours, CancellationTokenSource over)
    {
        try
        {
            do
            {
                await Task.Delay(Look, time, over.Token);
            }
            while (ours is not null && Identify() == ours);
            await over.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // Accepting has ended.
        }
    }

    private Socket Listen()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // Bound aside and moved into place: whoever sees the socket can connect.
        var fresh = path + ".new";
        StateEntry.Clear(fresh);
        if (Directory.Exists(path))
        {
            StateEntry.Clear(path);
        }

        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(fresh));
            listener.Listen(Backlog);
            File.Move(fresh, path, overwrite: true);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private unsafe (ulong Device, ulong Inode)? Identify()
    {
        var buffer = stackalloc byte[FileStat.Length];
        if (Libc.Statx(FileCalls.CurrentDirectory, path, FileCalls.SymlinkNoFollow, (int)FileStat.Wanted, buffer) != 0)
        {
            return null;
        }

        var stat = FileStat.Read(buffer);
        return (stat.Device, stat.Inode);
    }
}
