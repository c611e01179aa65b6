using System.IO.Pipelines;
using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>Restores an archive that gitlab-runner wrote before this executor came.</summary>
internal sealed class ArchiveRestore(ItemRequest request, PackStore store, CacheLog log)
{
    private const int PipeSize = 4 << 20;

    /// <exception cref="CacheDamagedException">It is damaged, or an entry is refused. Nothing of it was placed.</exception>
    public async Task<CacheOutcome> RunAsync(Beneath workspace, Found found, DeclaredPaths declared, CancellationToken cancel)
    {
        using var tree = RestoreTree.Begin(workspace);
        var free = (long)Math.Min(long.MaxValue, workspace.FreeBytes());
        var sink = new ArchiveSink(tree, declared, request.MaxBytes > 0 ? Math.Min((long)request.MaxBytes, free) : free);
        var fetched = await ExtractAsync(found.Archive, tree, sink, cancel);
        log.Skipped(sink.Outside, "of the cache left out, for the job's cache section does not declare them");
        log.Skipped(sink.Special, "skipped, for they are sockets, pipes or devices");
        _ = tree.Place();
        log.Info(
            $"Restored cache {found.Key} ({found.Source}): {CacheLog.Count(sink.Files)}, {CacheLog.Size(sink.Bytes)}; "
            + $"{CacheLog.Size(fetched)} fetched {log.Speed(sink.Bytes)}. The next save is incremental.");
        return new CacheOutcome(request.Key, CacheResult.Restored, sink.Files, sink.Bytes, fetched);
    }

    private async Task<long> ExtractAsync(ObjectGrant grant, RestoreTree tree, ArchiveSink sink, CancellationToken cancel)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: PipeSize, resumeWriterThreshold: PipeSize / 2, useSynchronizationContext: false));
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var fetched = 0L;
        var extracting = Task.Run(() => Read(pipe.Reader, tree, sink, broken.Token), CancellationToken.None);
        Exception? failure = null;
        try
        {
            await store.FetchAsync(grant, async (piece, token) =>
            {
                fetched += piece.Length;
                if ((await pipe.Writer.WriteAsync(piece, token)).IsCompleted)
                {
                    throw new OperationCanceledException("The reader has ended.");
                }
            }, broken.Token);
        }
        catch (Exception e) when (e is Transfers.TransferException or OperationCanceledException)
        {
            failure = e;
        }

        await pipe.Writer.CompleteAsync(failure);
        try
        {
            await extracting;
        }
        catch (Exception e) when (failure is Transfers.TransferException && e is not OperationCanceledException)
        {
            // An archive that was cut by the network is not damaged.
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        cancel.ThrowIfCancellationRequested();
        return failure is Transfers.TransferException
            ? throw failure
            : fetched;
    }

    private void Read(PipeReader reader, RestoreTree tree, ArchiveSink sink, CancellationToken cancel)
    {
        using var archive = new PeekStream(reader.AsStream());
        var kind = ArchiveExtract.KindOf(archive.Peek(ArchiveExtract.MagicLength));
        if (kind != ArchiveKind.Zip)
        {
            ArchiveExtract.Tar(kind, archive, sink, cancel);
            return;
        }

        // A zip's directory is at its end: it waits on disk, under no name that anybody else uses.
        var fd = tree.Stage.OpenFile("archive"u8, FileCalls.ReadWrite | FileCalls.Create | FileCalls.Exclusive, 0x180);
        try
        {
            var size = Spool(archive, fd);
            ZipExtraction.Run(fd, size, sink, request.Workers, cancel);
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    private static long Spool(Stream archive, int fd)
    {
        var buffer = new byte[128 * 1024];
        var size = 0L;
        int count;
        while ((count = archive.Read(buffer)) > 0)
        {
            RestoreTree.Write(fd, buffer.AsSpan(0, count), size);
            size += count;
        }

        return size;
    }
}
