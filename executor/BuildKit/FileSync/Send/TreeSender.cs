using System.Buffers;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using PodExecutor.BuildKit.FileSync.Disk;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Send;

/// <summary>
/// One run of FileSync/DiffCopy. The daemon compares the tree with what it has and asks for the files that differ while the tree is still being told:
/// <list type="number">
/// <item>one task tells the tree, an empty packet at its end;</item>
/// <item>one reads what the daemon asks for, which may be everything at once;</item>
/// <item>some read files and send them;</item>
/// <item>the daemon says FIN, and gets FIN.</item>
/// </list>
/// </summary>
internal sealed class TreeSender : IDisposable
{
    /// <summary>As many as BuildKit's own client has: enough to hide a disk's latency.</summary>
    private const int FileReaders = 4;

    private readonly SessionCall _call;

    private readonly ISentTree _tree;

    private readonly CancellationTokenSource _stop;

    private readonly PacketWriter _writer;

    private bool _told;

    private readonly SentPaths _paths = new();

    private readonly Channel<(uint Id, string Path)> _asked = Channel.CreateUnbounded<(uint, string)>(new UnboundedChannelOptions { SingleWriter = true });

    public TreeSender(SessionCall call, ISentTree tree)
    {
        _call = call;
        _tree = tree;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(call.Cancelled);
        _writer = new PacketWriter(call, MoreComes, _stop.Token);
    }

    public async Task RunAsync()
    {
        await _call.StartAsync().ConfigureAwait(false);
        Task[] tasks = [Task.Run(TellTreeAsync), ReadRequestsAsync(), .. Enumerable.Range(0, FileReaders).Select(_ => Task.Run(SendFilesAsync))];
        try
        {
            await foreach (var task in Task.WhenEach(tasks).ConfigureAwait(false))
            {
                await task.ConfigureAwait(false);
            }
        }
        catch (Exception error)
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(tasks).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).ConfigureAwait(false);
            await TellFailureAsync(error).ConfigureAwait(false);
            throw;
        }

        await _writer.WriteAsync(new Packet { Type = Packet.Types.PacketType.PacketFin }).ConfigureAwait(false);
    }

    /// <summary>The rest of the tree, or a file that waits to be read.</summary>
    private bool MoreComes() => !Volatile.Read(ref _told) || _asked.Reader.TryPeek(out _);

    public void Dispose()
    {
        _writer.Dispose();
        _stop.Dispose();
    }

    private async Task TellTreeAsync()
    {
        var packet = new Packet { Type = Packet.Types.PacketType.PacketStat };
        foreach (var stat in _tree.Tell())
        {
            _stop.Token.ThrowIfCancellationRequested();
            // known before it is told: the daemon may ask at once
            _paths.Add(stat.Path, GoFileMode.IsDirectory(stat.Mode), GoFileMode.IsRegular(stat.Mode));
            packet.Stat = stat;
            await _writer.WriteAsync(packet).ConfigureAwait(false);
        }

        Volatile.Write(ref _told, true);
        await _writer.WriteAsync(new Packet()).ConfigureAwait(false);
    }

    private async Task ReadRequestsAsync()
    {
        while (await _call.ReadAsync(Packet.Parser, _stop.Token).ConfigureAwait(false) is { } packet)
        {
            switch (packet.Type)
            {
                case Packet.Types.PacketType.PacketReq:
                    var path = _paths.Take(packet.Id) ?? throw new SessionFault(
                        StatusCode.InvalidArgument, $"file {packet.Id} of \"{_tree.Root}\" is asked for twice, or was never told of");
                    await _asked.Writer.WriteAsync((packet.Id, path)).ConfigureAwait(false);
                    break;
                case Packet.Types.PacketType.PacketFin:
                    _asked.Writer.Complete();
                    return;
                case Packet.Types.PacketType.PacketErr:
                    throw new SessionFault(StatusCode.Unknown, $"the daemon cannot take the files: {packet.Data.ToStringUtf8()}");
                default:
                    throw new SessionFault(StatusCode.InvalidArgument, $"a receiver does not send packets of type {packet.Type}");
            }
        }

        throw new OperationCanceledException("the daemon ended the transfer early");
    }

    private async Task SendFilesAsync()
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PacketWriter.MaxData);
        try
        {
            await foreach (var (id, path) in _asked.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
            {
                await SendFileAsync(id, path, buffer.AsMemory(0, PacketWriter.MaxData)).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A file that has gone meanwhile is sent as an empty one, as BuildKit's own client does.</summary>
    private async Task SendFileAsync(uint id, string path, Memory<byte> buffer)
    {
        using var file = _tree.Open(id, path);
        var end = file is null;
        do
        {
            var count = 0;
            while (!end && count < buffer.Length)
            {
                var read = NativeFile.Read(file!, buffer.Span[count..], path);
                end = read == 0;
                count += read;
            }

            await _writer.WriteDataAsync(id, buffer[..count], end).ConfigureAwait(false);
        }
        while (!end);
    }

    private async Task TellFailureAsync(Exception error)
    {
        if (error is not (BuildKitException or SessionFault))
        {
            return;   // the daemon has gone, or ended the call itself
        }

        _call.Write(new Packet { Type = Packet.Types.PacketType.PacketErr, Data = ByteString.CopyFromUtf8(error.Message) });
        try
        {
            await _call.FlushAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It went meanwhile.
        }
    }
}
