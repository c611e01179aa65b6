using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache.Care;

/// <summary>What a sweep has removed.</summary>
internal sealed record SweepOutcome(IReadOnlyList<KeyRemoval> Keys, long Packs, long PackBytes);

/// <summary>
/// Carries a plan out beside jobs that save and restore (docs/adr/0022). A pack goes only if it is older than any job, no manifest
/// needs it, and both are still so right before.
/// </summary>
internal sealed class Sweep(S3Store store, InventoryReader reader, CacheOptions options, TimeProvider time)
{
    /// <summary>1. the keys; 2. manifests that were written since the plan was made keep their packs; 3. the packs; 4. notes of use.</summary>
    /// <exception cref="StoreException">The store does not serve. What is removed by then stays so; the next sweep goes on.</exception>
    public async Task<SweepOutcome> RunAsync(SweepPlan plan, CacheInventory inventory, CancellationToken cancel)
    {
        // Step 1
        var keys = new List<KeyRemoval>();
        foreach (var removal in plan.Keys)
        {
            // A job may have saved it anew meanwhile.
            if (await store.LookAsync(removal.Key.Manifest.Name, cancel) is { } now && now.Tag == removal.Key.Manifest.Tag)
            {
                await store.RemoveAsync(removal.Key.Manifest.Name, cancel);
                keys.Add(removal);
            }
        }

        // Step 2
        var needed = await NeededSinceAsync(plan, inventory, cancel);

        // Step 3
        var (count, bytes) = (0L, 0L);
        foreach (var pack in plan.Packs.Where(p => !needed.Contains(p.Name)))
        {
            if (await store.LookAsync(pack.Name, cancel) is { } stored && time.GetUtcNow() - stored.Modified > options.LongestJob)
            {
                await store.RemoveAsync(pack.Name, cancel);
                (count, bytes) = (count + 1, bytes + stored.Size);
            }
        }

        // Step 4
        foreach (var use in plan.Uses)
        {
            await store.RemoveAsync(use.Name, cancel);
        }

        return new SweepOutcome(keys, count, bytes);
    }

    /// <summary>The packs of manifests that are not as the inventory has them, in the spaces where packs are to go.</summary>
    private async Task<HashSet<string>> NeededSinceAsync(SweepPlan plan, CacheInventory inventory, CancellationToken cancel)
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var space in inventory.Spaces.Where(s => plan.Packs.Any(p => p.Name.StartsWith(s.Prefix, StringComparison.Ordinal))))
        {
            var seen = space.Keys.ToDictionary(k => k.Manifest.Name, k => k.Manifest.Tag);
            foreach (var manifest in await store.ListAsync(space.Prefix + CacheNames.Manifests, cancel))
            {
                if (!seen.TryGetValue(manifest.Name, out var tag) || tag != manifest.Tag || plan.Keys.Any(k => k.Key.Manifest.Name == manifest.Name))
                {
                    needed.UnionWith((await reader.ContentAsync(space.Prefix, manifest.Name, cancel))?.Packs ?? []);
                }
            }
        }

        return needed;
    }
}
