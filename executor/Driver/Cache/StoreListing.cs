using PodExecutor.Driver.Cache.Store;

namespace PodExecutor.Driver.Cache;

/// <summary>What a project's part of the store held at one moment, for jobs of one protection class.</summary>
/// <param name="Manifests">By object name, youngest first.</param>
/// <param name="Packs">By object name.</param>
internal sealed record StoreListing(IReadOnlyList<StoredObject> Manifests, IReadOnlyDictionary<string, StoredObject> Packs)
{
    public static async Task<StoreListing> ReadAsync(S3Store store, string space, CancellationToken cancel)
    {
        var manifests = new List<StoredObject>();
        var packs = new Dictionary<string, StoredObject>(StringComparer.Ordinal);
        foreach (var item in await store.ListAsync(space, cancel))
        {
            if (item.Name.AsSpan(space.Length).StartsWith(CacheNames.Manifests, StringComparison.Ordinal))
            {
                manifests.Add(item);
            }
            else if (item.Name.AsSpan(space.Length).StartsWith(CacheNames.Packs, StringComparison.Ordinal))
            {
                packs[item.Name] = item;
            }
        }

        return new StoreListing([.. manifests.OrderByDescending(m => m.Modified)], packs);
    }
}
