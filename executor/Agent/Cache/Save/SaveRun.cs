using System.Runtime.InteropServices;
using Google.Protobuf;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>Saves one cache: sends what the store does not have, then asks the driver to make it visible.</summary>
internal sealed class SaveRun(ItemRequest request, PackStore store, CacheContext context, CacheLog log)
{
    /// <exception cref="Transfers.TransferException">The store does not take it.</exception>
    /// <exception cref="CacheRefusedException">The driver does not want it.</exception>
    public async Task<CacheOutcome> RunAsync(CancellationToken cancel)
    {
        // 1. What is there, and meanwhile what is known, unless it may well be what the restore left.
        using var workspace = Beneath.Open(request.Workspace);
        var unchanged = new UnchangedTree(new RestoreRecords(context.StateDirectory).ReadWholes(), store.Desk);
        var early = unchanged.IsPossible ? null : Task.Run(() => KnowAsync(cancel), cancel);
        var all = ReadLinks(workspace, await WalkAsync(workspace, cancel));
        if (all.Count == 0)
        {
            log.Info($"Cache {request.Key}: there is nothing to save.");
            return new CacheOutcome(request.Key, CacheResult.NothingToSave);
        }

        var files = all.Where(e => e.Stat.IsRegular && e.Target is null).ToList();
        Refuse(all.Count, files);
        if (await unchanged.KeepAsync(all, cancel) is { } kept)
        {
            return ReportUnchanged(files, kept);
        }

        var (index, records, hasUnusable) = await (early ?? KnowAsync(cancel));

        // 2. Content: known by the record of the restore, known by its digest, or packed and sent.
        await using var packs = new PackWriter(store, cancel);
        var reading = new ContentReading(workspace, index, packs, request);
        var toRead = files.Where(f => f.Stat.Size > 0 && !IsRestoredStill(f, records, index)).ToList();
        var isCompacted = await PackAsync(reading, packs, files, toRead, cancel);
        log.Skipped(reading.Unreadable, "left out, for they cannot be read");
        log.Skipped(reading.Torn, "left out, for they were written again and again while they were read");
        log.Skipped(reading.Changed, "changed while the cache was saved; saved as last read");

        // 3. All is stored: make it visible. One that says the same as before is the one of before.
        var entries = WithoutLeftOut(all);
        var made = !isCompacted && !hasUnusable && index.Before is { } before && ManifestMaking.Says(before.Manifest, entries)
            ? before.Stored
            : ManifestFile.Write(ManifestMaking.Of(request.Key, entries, context.Time.GetUtcNow()));
        var committed = await store.Desk.CommitAsync(made, cancel);
        return Report(files, toRead.Count, packs.SentBytes, committed);
    }

    private async Task<List<SavedEntry>> WalkAsync(Beneath workspace, CancellationToken cancel)
    {
        var tops = await new CacheSelection(request.Workspace, log).FindAsync(request.Item, cancel);
        var walk = await Task.Run(() => new TreeWalk(workspace, request.Workers).Run(tops, cancel), cancel);
        log.Skipped(walk.Special, "skipped, for they are sockets, pipes or devices");
        log.Skipped(walk.Unreadable, "left out, for they cannot be read");
        return walk.Entries;
    }

    private async Task<(ContentIndex Index, Dictionary<ByteString, List<RestoredFile>> Records, bool HasUnusable)> KnowAsync(CancellationToken cancel)
    {
        var index = new ContentIndex(request.Key);
        var known = store.Desk.KnownAsync(cancel);
        var records = Records(out var unusable);
        foreach (var manifest in await known)
        {
            index.Add(manifest.Memory, unusable);
        }

        return (index, records, unusable.Count > 0);
    }

    /// <returns>True if packs of before are left behind.</returns>
    private static async Task<bool> PackAsync(ContentReading reading, PackWriter packs, List<SavedEntry> files, List<SavedEntry> toRead, CancellationToken cancel)
    {
        IReadOnlyList<StoredPack> avoided = [];
        try
        {
            await Task.Run(() => reading.Run(toRead, cancel), cancel);
            avoided = Compaction.Choose(files);
            foreach (var pack in avoided)
            {
                pack.IsAvoided = true;
            }

            if (avoided.Count > 0)
            {
                var again = files.Where(f => f.Chunks.Any(c => c.Place is { Frame.Pack.IsAvoided: true })).ToList();
                await Task.Run(() => reading.Run(again, cancel), cancel);
            }
        }
        catch (OperationCanceledException) when (packs.Broken.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            // Why it is broken, the sending says.
        }

        await packs.FinishAsync();
        return avoided.Count > 0;
    }

    private Dictionary<ByteString, List<RestoredFile>> Records(out HashSet<ByteString> unusable)
    {
        var files = new Dictionary<ByteString, List<RestoredFile>>();
        unusable = [];
        foreach (var record in new RestoreRecords(context.StateDirectory).Read())
        {
            unusable.UnionWith(record.UnusablePacks);
            foreach (var file in record.Files)
            {
                ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(files, file.Path, out _);
                (list ??= []).Add(file);
            }
        }

        return files;
    }

    // Neither read nor sent.
    private static bool IsRestoredStill(SavedEntry file, Dictionary<ByteString, List<RestoredFile>> records, ContentIndex index)
    {
        if (!records.TryGetValue(UnsafeByteOperations.UnsafeWrap(file.Path), out var list) || list.Find(r => RestoreRecords.IsStill(r, file.Stat)) is not { } same)
        {
            return false;
        }

        var chunks = new SavedChunk[same.Chunks.Count];
        for (var i = 0; i < chunks.Length; i++)
        {
            var chunk = same.Chunks[i];
            var digest = ContentDigest.Read(chunk.Digest.Span);
            if (index.Find(digest, (int)chunk.Length) is not { } place)
            {
                return false;
            }

            chunks[i] = new SavedChunk((long)chunk.FileOffset, (int)chunk.Length, digest, place);
        }

        file.Chunks = chunks;
        return true;
    }

    private void Refuse(int entries, List<SavedEntry> files)
    {
        if (entries > ManifestLimits.MaxEntries)
        {
            throw new CacheRefusedException($"it would have {entries:N0} entries; the limit is {ManifestLimits.MaxEntries:N0}.");
        }

        var bytes = files.Sum(f => f.Stat.Size);
        if (request.MaxBytes > 0 && (ulong)bytes > request.MaxBytes)
        {
            throw new CacheRefusedException($"it has {CacheLog.Size(bytes)} of files; the operator allows {CacheLog.Size((long)request.MaxBytes)}.");
        }
    }

    // A link to a file that was left out would lead nowhere.
    private static List<SavedEntry> WithoutLeftOut(List<SavedEntry> entries)
    {
        var gone = entries.Where(e => e.IsLeftOut).Select(e => e.Path).ToHashSet();
        return [.. entries.Where(e => !e.IsLeftOut && (e.Target is null || !gone.Contains(e.Target)))];
    }

    private static List<SavedEntry> ReadLinks(Beneath workspace, List<SavedEntry> entries)
    {
        foreach (var entry in entries.Where(e => e.Stat.IsLink))
        {
            entry.Target = workspace.ReadLink(entry.Path);
        }

        return [.. entries.Where(e => !e.Stat.IsLink || e.Target is not null)];
    }

    private CacheOutcome ReportUnchanged(List<SavedEntry> files, Committed committed)
    {
        var bytes = files.Sum(f => f.Stat.Size);
        log.Info(
            $"Saved cache {request.Key}: {CacheLog.Count(files.Count)}, {CacheLog.Size(bytes)}; nothing has changed since it was restored, "
            + $"only its manifest of {CacheLog.Size((long)committed.ManifestSize)} is new {log.Speed(bytes)}.");
        return new CacheOutcome(request.Key, CacheResult.Saved, files.Count, bytes);
    }

    private CacheOutcome Report(List<SavedEntry> files, int read, long sent, Committed committed)
    {
        var kept = files.Where(f => !f.IsLeftOut).ToList();
        var bytes = kept.Sum(f => f.Stat.Size);
        var reused = kept.SelectMany(f => f.Chunks).Where(c => c.Place is { Frame.Pack.IsKnown: true }).Sum(c => (long)c.Length);
        log.Info(
            $"Saved cache {request.Key}: {CacheLog.Count(kept.Count)}, {CacheLog.Size(bytes)}; "
            + $"sent {CacheLog.Size(sent)} and a manifest of {CacheLog.Size((long)committed.ManifestSize)} {log.Speed(bytes)}; "
            + $"{CacheLog.Size(reused)} reused of earlier saves, {CacheLog.Count(read)} read.");
        if (committed.Replaced)
        {
            log.Info($"Cache {request.Key}: another job saved it meanwhile; this one is newer and takes its place.");
        }

        return new CacheOutcome(request.Key, CacheResult.Saved, kept.Count, bytes, sent, read);
    }
}
