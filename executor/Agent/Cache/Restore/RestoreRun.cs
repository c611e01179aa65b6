using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>Restores one cache: the first candidate that is there and whole.</summary>
internal sealed class RestoreRun(ItemRequest request, PackStore store, CacheContext context, CacheLog log)
{
    /// <summary>More candidates than any job has: a driver that never says "not found" ends here.</summary>
    private const uint MostCandidates = 64;

    /// <exception cref="Transfers.TransferException">The store does not give it.</exception>
    /// <exception cref="CacheRefusedException">The driver or the workspace does not allow it.</exception>
    public async Task<CacheOutcome> RunAsync(CancellationToken cancel)
    {
        using var workspace = Beneath.Open(request.Workspace);
        for (var attempt = 0U; attempt < MostCandidates; attempt++)
        {
            var answer = await store.Desk.FindAsync(attempt, cancel);
            if (answer.Found is not { } found)
            {
                var looked = answer.NotFound?.LookedFor ?? [];
                log.Info($"No cache for {request.Key}{(looked.Count == 0 ? "" : ": looked for " + string.Join(", ", looked))}.");
                return new CacheOutcome(request.Key, CacheResult.Missed);
            }

            try
            {
                return await RestoreAsync(workspace, found, cancel);
            }
            catch (CacheDamagedException e)
            {
                log.Warn($"Cache {found.Key} ({found.Source}) is not used: {e.Message}");
            }
            catch (Transfers.TransferException e) when (e.IsMissing)
            {
                log.Warn($"Cache {found.Key} ({found.Source}) is not used: a part of it is not in the store.");
            }
        }

        return new CacheOutcome(request.Key, CacheResult.Missed);
    }

    private async Task<CacheOutcome> RestoreAsync(Beneath workspace, Found found, CancellationToken cancel)
    {
        var declared = await DeclaredPaths.OfAsync(request.Workspace, request.Item, log, cancel);
        if (found.Archive is not null)
        {
            return await new Archives.ArchiveRestore(request, store, log).RunAsync(workspace, found, declared, cancel);
        }

        var manifest = ManifestFile.Read(found.Manifest.Memory);
        var plan = RestorePlan.Decide(manifest, found.Grants, declared);
        log.Skipped(plan.Outside, "of the cache left out, for the job's cache section does not declare them");
        RefuseTooLarge(workspace, plan);
        using var tree = RestoreTree.Begin(workspace);
        var packs = new PackReading(plan, tree, store, request.Workers);
        try
        {
            Names(tree, plan);
            await packs.RunAsync(cancel);
            var stats = Remember(tree, plan, tree.Place());
            RememberWhole(found, manifest, plan, stats);
        }
        catch when (packs.Unusable is not null)
        {
            new RestoreRecords(context.StateDirectory).Add(new RestoreRecord { UnusablePacks = { packs.Unusable } });
            throw;
        }

        log.Info(
            $"Restored cache {found.Key} ({found.Source}): {CacheLog.Count(plan.Files.Count)}, {CacheLog.Size(plan.Bytes)}; "
            + $"{CacheLog.Size(packs.FetchedBytes)} fetched from {plan.Packs.Count} packs {log.Speed(plan.Bytes)}.");
        return new CacheOutcome(request.Key, CacheResult.Restored, plan.Files.Count, plan.Bytes, packs.FetchedBytes);
    }

    private static void Names(RestoreTree tree, RestorePlan plan)
    {
        foreach (var directory in plan.Directories)
        {
            tree.Directory(directory.Path.ToByteArray(), RestorePlan.AttributesOf(directory));
        }

        foreach (var file in plan.Files)
        {
            tree.MakeParents(file.Path);
            if (file.Chunks.Count == 0)
            {
                var fd = tree.OpenFile(file.Path, isNew: true);
                file.Stat = tree.FinishFile(fd, file.Attributes, file.Size);
                _ = Libc.Close(fd);
            }
        }

        foreach (var link in plan.HardLinks)
        {
            tree.HardLink(link.Path.ToByteArray(), link.Target.ToByteArray());
        }

        foreach (var link in plan.Links)
        {
            tree.Symlink(link.Path.ToByteArray(), link.Target.ToByteArray(), RestorePlan.AttributesOf(link));
        }
    }

    // Before a byte is fetched: a small pack may stand for a thousand times its size.
    private void RefuseTooLarge(Beneath workspace, RestorePlan plan)
    {
        if (request.MaxBytes > 0 && plan.DiskBytes > request.MaxBytes)
        {
            throw new CacheRefusedException($"it has {CacheLog.Size((long)plan.DiskBytes)} of files; the operator allows {CacheLog.Size((long)request.MaxBytes)}.");
        }

        if (workspace.FreeBytes() is var free && plan.DiskBytes > free)
        {
            throw new CacheRefusedException(
                $"it needs {CacheLog.Size((long)plan.DiskBytes)} and the disk of the workspace has {CacheLog.Size((long)free)} left. Give the builds volume more room.");
        }
    }

    // A name that was moved by itself, or got a second one, has a new time of change.
    private List<FileStat?> Remember(RestoreTree tree, RestorePlan plan, IReadOnlySet<string> moved)
    {
        var linked = plan.HardLinks.Select(l => System.Text.Encoding.Latin1.GetString(l.Target.Span)).Union(moved).ToHashSet(StringComparer.Ordinal);
        var record = new RestoreRecord();
        var stats = new List<FileStat?>(plan.Files.Count);
        foreach (var file in plan.Files)
        {
            var isAsLeft = !linked.Contains(System.Text.Encoding.Latin1.GetString(file.Path));
            stats.Add(isAsLeft ? file.Stat : tree.StatPlaced(file.Path));
            if (stats[^1] is { } stat)
            {
                record.Files.Add(RestoreRecords.Describe(file.Path, stat, file.Chunks));
            }
        }

        new RestoreRecords(context.StateDirectory).Add(record);
        return stats;
    }

    private void RememberWhole(Found found, Manifest manifest, RestorePlan plan, List<FileStat?> stats)
    {
        if (WholeRestores.Fingerprint(manifest, plan, stats) is { } fingerprint)
        {
            var sha256 = UnsafeByteOperations.UnsafeWrap(SHA256.HashData(found.Manifest.Span));
            new RestoreRecords(context.StateDirectory).Add(new WholeRestore { ManifestSha256 = sha256, Tree = fingerprint });
        }
    }
}
