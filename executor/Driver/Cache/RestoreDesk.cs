using System.Collections.Concurrent;
using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Link.Cache;

namespace PodExecutor.Driver.Cache;

/// <summary>Answers what a restore asks: which candidate there is, and grants for the packs that its manifest lists.</summary>
internal sealed class RestoreDesk(CachePlan plan, S3Store store)
{
    private readonly ConcurrentDictionary<(uint Item, uint Attempt), int> _given = new();
    private readonly ConcurrentDictionary<(uint Item, ByteString Pack), (Protection Protection, ulong Size)> _readable = new();
    private readonly ConcurrentBag<Task> _uses = [];

    /// <summary>The first candidate behind the one that the attempt before got. The same attempt gets the same again.</summary>
    /// <exception cref="StoreException">The store does not serve.</exception>
    public async Task<CacheAnswer> FindAsync(uint item, uint attempt, CancellationToken cancel)
    {
        var candidates = Candidates(plan.Items[(int)item]);
        var start = attempt == 0 ? 0 : _given.TryGetValue((item, attempt - 1), out var before) ? before + 1 : candidates.Count;
        for (var i = start; i < candidates.Count; i++)
        {
            var (key, isArchive) = candidates[i];
            var found = isArchive ? await FindArchiveAsync(key, cancel) : await FindManifestAsync(item, key, cancel);
            if (found is not null)
            {
                _given[(item, attempt)] = i;
                found.Key = key.Text;
                found.Source = Source(plan.Items[(int)item], key, isArchive);
                return new CacheAnswer { Found = found };
            }
        }

        _given[(item, attempt)] = candidates.Count;
        return new CacheAnswer { NotFound = new NotFound { LookedFor = { plan.Items[(int)item].Keys.Select(k => k.Text) } } };
    }

    /// <summary>Grants anew, for packs of manifests that this item has been given. For any other pack: none.</summary>
    public CacheAnswer Grant(uint item, IEnumerable<PackName> packs) => new()
    {
        Grants = new PackGrants { Grants = { packs.Where(p => _readable.ContainsKey((item, p.Sha256))).Select(p => Grant(item, p.Sha256)) } },
    };

    /// <summary>Waits for the notes of use, which nobody else waits for; a failed one costs a key its place in the queue of `cache gc`.</summary>
    public async Task FinishAsync()
    {
        try
        {
            await Task.WhenAll(_uses);
        }
#pragma warning disable CA1031 // A cache never fails a job.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The restore has succeeded all the same.
        }
    }

    private static List<(CacheKey Key, bool IsArchive)> Candidates(CacheItemPlan item) => [.. item.Keys.SelectMany(k => new[] { (k, false), (k, true) })];

    private static string Source(CacheItemPlan item, CacheKey key, bool isArchive)
    {
        var which = key == item.Key ? "this key" : $"fallback key {key.Text}";
        return isArchive ? $"the runner's own archive of {which}" : which;
    }

    private async Task<Found?> FindManifestAsync(uint item, CacheKey key, CancellationToken cancel)
    {
        var stored = await store.ReadAsync(plan.Names.Manifest(key), ManifestLimits.MaxStored, cancel);
        if (stored is null)
        {
            return null;
        }

        Manifest manifest;
        try
        {
            manifest = ManifestFile.Read(stored);
        }
        catch (CacheDamagedException)
        {
            // As good as none: the next candidate is asked, and the next save replaces it.
            return null;
        }

        _uses.Add(store.WriteAsync(plan.Names.Use(key), [], cancel));
        var found = new Found { Manifest = UnsafeByteOperations.UnsafeWrap(stored) };
        foreach (var pack in manifest.Packs)
        {
            _readable[(item, pack.Sha256)] = (key.Protection, pack.Size);
            found.Grants.Add(Grant(item, pack.Sha256));
        }

        return found;
    }

    /// <summary>Under both of the runner's names; the younger one, as the runner does (cache_extractor.go).</summary>
    private async Task<Found?> FindArchiveAsync(CacheKey key, CancellationToken cancel)
    {
        var looked = await Task.WhenAll(plan.Names.Archives(key).Select(name => store.LookAsync(name, cancel)));
        return looked.OfType<StoredObject>().Where(o => o.Size > 0).MaxBy(o => o.Modified) is { } archive
            ? new Found { Archive = Grants.Of(store.Grant(HttpMethod.Get, archive.Name), (ulong)archive.Size) }
            : null;
    }

    private PackGrant Grant(uint item, ByteString sha256)
    {
        var (protection, size) = _readable[(item, sha256)];
        return new PackGrant { Sha256 = sha256, Object = Grants.Of(store.Grant(HttpMethod.Get, plan.Names.Pack(protection, sha256.Span)), size) };
    }
}
