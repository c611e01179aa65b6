using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using PodExecutor.Cache;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Link.Cache;

namespace PodExecutor.Driver.Cache.Care;

/// <summary>Reads the store's objects and the manifests among them.</summary>
internal sealed partial class InventoryReader(S3Store store, string root)
{
    private const int LargestShown = 10;

    /// <exception cref="StoreException">The store does not serve.</exception>
    public async Task<CacheInventory> ReadAsync(CancellationToken cancel)
    {
        var objects = new Dictionary<string, List<StoredObject>>(StringComparer.Ordinal);
        var archives = new SortedDictionary<string, RunnerArchives>(StringComparer.Ordinal);
        foreach (var item in await store.ListAsync(root, cancel))
        {
            if (OurObject().Match(item.Name, root.Length) is { Success: true } ours)
            {
                var prefix = item.Name[..ours.Groups["kind"].Index];
                (objects.TryGetValue(prefix, out var list) ? list : objects[prefix] = []).Add(item);
            }
            else if (ProjectObject().Match(item.Name, root.Length) is { Success: true } project)
            {
                var name = item.Name[..(project.Index + project.Length)];
                var known = archives.GetValueOrDefault(name, new RunnerArchives(name, 0, 0));
                archives[name] = known with { Objects = known.Objects + 1, Bytes = known.Bytes + item.Size };
            }
        }

        var spaces = new List<CacheSpace>();
        foreach (var (prefix, items) in objects.OrderBy(o => o.Key, StringComparer.Ordinal))
        {
            spaces.Add(await SpaceAsync(prefix, items, cancel));
        }

        return new CacheInventory(spaces, [.. archives.Values]);
    }

    /// <summary>What a manifest says; null if it is gone or damaged.</summary>
    /// <exception cref="StoreException">The store does not serve.</exception>
    public async Task<CacheContent?> ContentAsync(string prefix, string manifest, CancellationToken cancel)
    {
        if (await store.ReadAsync(manifest, ManifestLimits.MaxStored, cancel) is not { } stored)
        {
            return null;
        }

        try
        {
            return Content(prefix, ManifestFile.Read(stored));
        }
        catch (CacheDamagedException)
        {
            return null;
        }
    }

    private async Task<CacheSpace> SpaceAsync(string prefix, List<StoredObject> items, CancellationToken cancel)
    {
        IEnumerable<StoredObject> Of(string kind) => items.Where(i => i.Name.AsSpan(prefix.Length).StartsWith(kind, StringComparison.Ordinal));
        var keys = new List<CachedKey>();
        foreach (var manifest in Of(CacheNames.Manifests))
        {
            keys.Add(new CachedKey(manifest, await ContentAsync(prefix, manifest.Name, cancel)));
        }

        var place = Space().Match(prefix, root.Length);
        return new CacheSpace(
            prefix,
            long.Parse(place.Groups["project"].Value, CultureInfo.InvariantCulture),
            place.Groups["runner"] is { Success: true } runner ? runner.Value : null,
            place.Groups["protection"].Value switch { "protected" => Protection.Protected, "non_protected" => Protection.NonProtected, _ => Protection.Open },
            keys,
            Of(CacheNames.Packs).ToDictionary(p => p.Name),
            Of(CacheNames.Uses).ToDictionary(u => u.Name))
        {
            Builds = [.. Of(CacheNames.Builds)],
        };
    }

    private static CacheContent Content(string prefix, Manifest manifest) => new(
        manifest.Key,
        [.. manifest.Packs.Select(p => prefix + PackObject.Name(p.Sha256.Span))],
        manifest.Entries.Count(e => e.Kind == Entry.Types.Kind.File),
        manifest.Entries.Sum(e => (long)e.Size),
        manifest.JobUrl,
        [.. manifest.Entries.OrderByDescending(e => e.Size).Take(LargestShown).Select(e => (Encoding.UTF8.GetString(e.Path.Span), (long)e.Size))]);

    [GeneratedRegex(@"\G(runner/[^/]+/)?project/[0-9]+/pod-executor/(protected|non_protected|open)/(?<kind>manifests|packs|used|build)/[^/]")]
    private static partial Regex OurObject();

    [GeneratedRegex(@"\G(runner/[^/]+/)?project/[0-9]+/")]
    private static partial Regex ProjectObject();

    [GeneratedRegex(@"\G(runner/(?<runner>[^/]+)/)?project/(?<project>[0-9]+)/pod-executor/(?<protection>[a-z_]+)/")]
    private static partial Regex Space();
}
