using System.Buffers.Binary;
using System.Net.Sockets;
using PodExecutor.Agent.Builders;
using PodExecutor.Agent.Native;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// Lets drivers in. A connection is first a stranger: it has <see cref="Patience"/> to prove that it has the key, or, on the local
/// socket before the first contact, to bring one. Strangers are few: the oldest gives way to a new one, so thousands of half-open
/// connections cost neither descriptors nor the driver's next connection. A driver that is let in replaces the one before: that one
/// has lost its stream, whether we have noticed or not. Nothing that happens on a connection ends the agent.
/// </summary>
internal sealed class LinkServer(SupervisorOptions options, StageRuns runs, BuilderHost builders, TimeProvider time) : IAsyncDisposable
{
    private const int MostStrangers = 64;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly LinkKey _key = new();
    private readonly Strangers _strangers = new(MostStrangers);

    /// <summary>Of their own: a neighbor that floods the port must not evict the driver's exec.</summary>
    private readonly Strangers _localStrangers = new(MostStrangers);
    private readonly Lock _lock = new();
    private LoopbackListener? _loopback;
    private Task _accepting = Task.CompletedTask;
    private LinkTurn? _current;

    /// <summary>Serves until the token ends it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await new LocalListener(options.SocketPath, time).AcceptAsync(c => Serve(c, isLocal: true, cancellationToken), cancellationToken);
        await _accepting;
        await (_current?.Ended ?? Task.CompletedTask);
    }

    public ValueTask DisposeAsync()
    {
        _loopback?.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Serve(Socket connection, bool isLocal, CancellationToken cancellationToken) => _ = ServeAsync(connection, isLocal, cancellationToken);

    private async Task ServeAsync(Socket connection, bool isLocal, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = new NetworkStream(connection, ownsSocket: true);
            if (await AdmitAsync(stream, isLocal, cancellationToken) is { } admitted)
            {
                await using (admitted)
                {
                    await TakeTurnAsync(admitted, isFirstContact: admitted is not SealedStream, cancellationToken);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The peer has gone, or was not the driver. A run goes on; its output waits in the spool.
        }
#pragma warning disable CA1031 // A defect on one connection must not end the container: the driver connects again.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"pod-agent: a connection of the driver failed: {e}");
        }
    }

    /// <summary>The stream of a driver; null if the peer may not come in.</summary>
    private async Task<Stream?> AdmitAsync(NetworkStream stream, bool isLocal, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        using var place = (isLocal ? _localStrangers : _strangers).Admit(either);
        var head = new byte[sizeof(int)];
        await stream.ReadExactlyAsync(head, either.Token);
        if (BinaryPrimitives.ReadInt32BigEndian(head) != LinkHandshake.Magic)
        {
            return isLocal ? new PrefixedStream(head, stream) : null;
        }

        return _key.Value is { } key ? await LinkHandshake.AcceptAsync(stream, key, either.Token) : null;
    }

    private async Task TakeTurnAsync(Stream stream, bool isFirstContact, CancellationToken cancellationToken)
    {
        using var turn = new LinkTurn(cancellationToken);
        LinkTurn? previous;
        using var session = new LinkSession(stream, runs, builders, time);
        try
        {
            if (isFirstContact && await session.MeetAsync(OnFirstContact, turn.Token) is false)
            {
                return;
            }

            lock (_lock)
            {
                (previous, _current) = (_current, turn);
            }

            if (previous is not null)
            {
                await previous.EndAsync();
            }

            await session.RunAsync(_loopback?.Port ?? 0, turn.Token);
        }
        finally
        {
            turn.Complete();
        }

        bool OnFirstContact(FirstContact contact) => Agree(contact, cancellationToken);
    }

    private bool Agree(FirstContact contact, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (!_key.Agree(contact.Key.Span))
            {
                return false;
            }

            if (options.RunAsOwnerOf is not null)
            {
                // The helper's key is in this process from here on: a hook of the job's author runs in this container, perhaps as the same user.
                _ = Libc.Prctl(Libc.SetDumpable, 0, 0, 0, 0);
            }

            if (contact.Listen && _loopback is null && LoopbackListener.TryOpen() is { } loopback)
            {
                _loopback = loopback;
                _accepting = loopback.AcceptAsync(c => Serve(c, isLocal: false, cancellationToken), time, cancellationToken);
            }

            return true;
        }
    }
}
