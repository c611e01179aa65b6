using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache.Care;

/// <param name="Reason">For a person: "not used for 31 days".</param>
internal sealed record KeyRemoval(CacheSpace Space, CachedKey Key, string Reason);

/// <summary>What `cache gc` removes: keys by age and quota, then the packs that no key needs any more, and layer caches by age.</summary>
/// <param name="Packs">And BuildKit's objects.</param>
internal sealed record SweepPlan(IReadOnlyList<KeyRemoval> Keys, IReadOnlyList<StoredObject> Packs, IReadOnlyList<StoredObject> Uses)
{
    /// <summary>Decides. Pure.</summary>
    public static SweepPlan Of(CacheInventory inventory, CacheOptions options, DateTimeOffset now)
    {
        var removals = new List<KeyRemoval>();
        foreach (var project in inventory.Spaces.GroupBy(s => s.Project))
        {
            var keys = project.SelectMany(s => s.Keys.Select(k => (Space: s, Key: k))).ToList();
            var expired = keys.Select(k => Expired(k.Space, k.Key, options, now)).OfType<KeyRemoval>().ToList();
            var left = keys.Where(k => expired.TrueForAll(e => e.Key != k.Key)).ToList();
            removals.AddRange(expired);
            removals.AddRange(BeyondQuota(left, options));
        }

        var removed = removals.Select(r => r.Key).ToHashSet();
        var needed = inventory.Spaces.SelectMany(s => s.Keys).Where(k => !removed.Contains(k)).SelectMany(k => k.Content?.Packs ?? []).ToHashSet(StringComparer.Ordinal);
        bool IsOld(StoredObject item) => now - item.Modified > options.LongestJob;
        return new SweepPlan(
            removals,
            [
                .. inventory.Spaces.SelectMany(s => s.Packs.Values).Where(p => IsOld(p) && !needed.Contains(p.Name)),
                .. inventory.Spaces.SelectMany(s => s.Builds.Where(b => IsUnused(s, b, options, now)).OrderBy(b => !IsBuildManifest(s, b))),
            ],
            [.. inventory.Spaces.SelectMany(s => OrphanedUses(s, removed)).Where(IsOld)]);
    }

    /// <summary>
    /// BuildKit writes a branch's manifest with each build, and makes layers young again that are older than a day (cache/remotecache/s3, touch_refresh): its layers are
    /// never older than it by more, and go after it.
    /// </summary>
    private static bool IsUnused(CacheSpace space, StoredObject item, CacheOptions options, DateTimeOffset now) =>
        now - item.Modified > options.KeepFor + (IsBuildManifest(space, item) ? TimeSpan.Zero : options.LongestJob + TimeSpan.FromDays(1));

    private static bool IsBuildManifest(CacheSpace space, StoredObject item) =>
        item.Name.AsSpan(space.Prefix.Length).StartsWith(CacheNames.Builds + CacheNames.Manifests, StringComparison.Ordinal);

    private static KeyRemoval? Expired(CacheSpace space, CachedKey key, CacheOptions options, DateTimeOffset now)
    {
        var unused = now - space.LastUsed(key);
        return key.Content is null && now - key.Manifest.Modified > options.LongestJob ? new KeyRemoval(space, key, "its manifest cannot be read")
            : unused > options.KeepFor ? new KeyRemoval(space, key, $"not used for {unused.TotalDays:0.#} days")
            : null;
    }

    /// <summary>The least recently used go until the rest fits. A pack counts once, and is free only when its last key goes.</summary>
    private static IEnumerable<KeyRemoval> BeyondQuota(List<(CacheSpace Space, CachedKey Key)> keys, CacheOptions options)
    {
        var users = keys.SelectMany(k => k.Key.Content?.Packs ?? []).GroupBy(p => p).ToDictionary(g => g.Key, g => g.Count());
        long Size(CacheSpace space, string pack) => space.Packs.TryGetValue(pack, out var stored) ? stored.Size : 0;
        var total = keys.Sum(k => k.Key.Manifest.Size)
            + keys.SelectMany(k => (k.Key.Content?.Packs ?? []).Select(p => (k.Space, Pack: p))).DistinctBy(p => p.Pack).Sum(p => Size(p.Space, p.Pack));
        foreach (var (space, key) in keys.OrderBy(k => k.Space.LastUsed(k.Key)))
        {
            if (options.ProjectQuota == 0 || total <= options.ProjectQuota)
            {
                yield break;
            }

            total -= key.Manifest.Size + (key.Content?.Packs ?? []).Where(p => --users[p] == 0).Sum(p => Size(space, p));
            yield return new KeyRemoval(space, key, "the project has more than its quota, and this key was used least recently");
        }
    }

    private static IEnumerable<StoredObject> OrphanedUses(CacheSpace space, HashSet<CachedKey> removed)
    {
        var used = space.Keys.Where(k => !removed.Contains(k)).Select(space.UseOf).ToHashSet(StringComparer.Ordinal);
        return space.Uses.Values.Where(u => !used.Contains(u.Name));
    }
}
