using Grpc.Core;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Receive;

/// <summary>
/// The other side of <see cref="Send.TreeSender"/>, for the result of a "local" export: the daemon tells its tree, this asks for the files.
/// A number of files is on its way at a time, so that as many are open.
/// </summary>
internal sealed class TreeReceiver(SessionCall call, string root)
{
    private const int MaxOpenFiles = 32;

    private readonly TreeWriter _tree = new(root);

    private readonly Queue<(uint Id, Stat Stat)> _waiting = new();

    private readonly Dictionary<uint, (FileStream File, Stat Stat)> _coming = [];

    public async Task RunAsync()
    {
        try
        {
            await call.StartAsync().ConfigureAwait(false);
            await ReceiveAsync().ConfigureAwait(false);
            _tree.Complete();
            await call.SendAsync(new Packet { Type = Packet.Types.PacketType.PacketFin }).ConfigureAwait(false);
            await WaitForEndAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LocalFileException(root, $"The build's result cannot be written to {root}: {error.Message}", error);
        }
        finally
        {
            foreach (var (file, _) in _coming.Values)
            {
                await file.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task ReceiveAsync()
    {
        uint next = 0;
        var told = false;
        while (!told || _coming.Count > 0 || _waiting.Count > 0)
        {
            var packet = await call.ReadAsync(Packet.Parser).ConfigureAwait(false) ?? throw new SessionFault(StatusCode.Aborted, "the tree ended early");
            switch (packet.Type)
            {
                case Packet.Types.PacketType.PacketStat when packet.Stat is null:
                    told = true;
                    break;
                case Packet.Types.PacketType.PacketStat:
                    if (_tree.Add(packet.Stat))
                    {
                        _waiting.Enqueue((next, packet.Stat));
                    }

                    next++;
                    break;
                case Packet.Types.PacketType.PacketData:
                    await WriteAsync(packet).ConfigureAwait(false);
                    break;
                case Packet.Types.PacketType.PacketErr:
                    throw new SessionFault(StatusCode.Unknown, packet.Data.ToStringUtf8());
                default:
                    throw new SessionFault(StatusCode.InvalidArgument, $"a sender does not send packets of type {packet.Type}");
            }

            await AskAsync().ConfigureAwait(false);
        }
    }

    private async Task AskAsync()
    {
        var asked = false;
        while (_coming.Count < MaxOpenFiles && _waiting.TryDequeue(out var file))
        {
            _coming.Add(file.Id, (_tree.Open(file.Stat), file.Stat));
            call.Write(new Packet { Type = Packet.Types.PacketType.PacketReq, Id = file.Id });
            asked = true;
        }

        if (asked)
        {
            await call.FlushAsync().ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(Packet packet)
    {
        if (!_coming.TryGetValue(packet.Id, out var file))
        {
            throw new SessionFault(StatusCode.InvalidArgument, $"nobody asked for file {packet.Id}");
        }

        if (packet.Data.Length > 0)
        {
            await file.File.WriteAsync(packet.Data.Memory, call.Cancelled).ConfigureAwait(false);
            return;
        }

        await file.File.DisposeAsync().ConfigureAwait(false);
        _coming.Remove(packet.Id);
        _tree.Finish(file.Stat);
    }

    /// <summary>The daemon answers FIN, or simply ends the call: it has all it wanted.</summary>
    private async Task WaitForEndAsync()
    {
        try
        {
            while (await call.ReadAsync(Packet.Parser).ConfigureAwait(false) is { Type: not Packet.Types.PacketType.PacketFin })
            {
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
        }
    }
}
