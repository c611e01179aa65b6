using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache.Care;

/// <summary>Which keys a verb is about.</summary>
/// <param name="ProjectId">Null: of every project.</param>
/// <param name="Key">Null: every key.</param>
internal sealed record KeyChoice(long? ProjectId, string? Key)
{
    public bool Fits(CacheSpace space, CachedKey key) =>
        (ProjectId is null || space.ProjectId == ProjectId) && (Key is null || key.Content?.Key == Key);
}

/// <summary>The operator's verbs for the store. Each reads the store, decides, and gives a report.</summary>
internal sealed class CacheCare(S3Store store, CacheOptions options, TimeProvider time)
{
    private readonly InventoryReader _reader = new(store, CacheNames.Root(options));

    public async Task<IReadOnlyList<KeyReport>> ListAsync(KeyChoice choice, CancellationToken cancel) =>
        [.. Chosen(await _reader.ReadAsync(cancel), choice).Select(k => KeyReport.Of(k.Space, k.Key)).OrderBy(k => k.Project).ThenByDescending(k => k.LastUsed)];

    public async Task<IReadOnlyList<KeyDetails>> ShowAsync(KeyChoice choice, CancellationToken cancel) =>
    [
        .. Chosen(await _reader.ReadAsync(cancel), choice).Select(k => new KeyDetails(
            KeyReport.Of(k.Space, k.Key),
            k.Key.Manifest.Name,
            k.Key.Content?.Packs.Count ?? 0,
            k.Key.Content?.Packs.Count(p => !k.Space.Packs.ContainsKey(p)) ?? 0,
            [.. (k.Key.Content?.Largest ?? []).Select(f => new FileReport(f.Path, f.Bytes))])),
    ];

    public async Task<IReadOnlyList<UsageReport>> UsageAsync(CancellationToken cancel)
    {
        var inventory = await _reader.ReadAsync(cancel);
        var projects = inventory.Spaces.Select(s => s.Project).Concat(inventory.Archives.Select(a => a.Project)).Distinct().Order(StringComparer.Ordinal);
        return [.. projects.Select(p => Usage(p, inventory))];
    }

    /// <summary>Removes keys; their packs go with the next `gc`.</summary>
    public async Task<SweepReport> RemoveAsync(KeyChoice choice, bool dryRun, CancellationToken cancel)
    {
        var chosen = Chosen(await _reader.ReadAsync(cancel), choice).Select(k => new KeyRemoval(k.Space, k.Key, "removed by name")).ToList();
        foreach (var removal in dryRun ? [] : chosen)
        {
            await store.RemoveAsync(removal.Key.Manifest.Name, cancel);
        }

        return new SweepReport(dryRun, [.. chosen.Select(Removed)], 0, 0);
    }

    public async Task<SweepReport> SweepAsync(bool dryRun, CancellationToken cancel)
    {
        var inventory = await _reader.ReadAsync(cancel);
        var plan = SweepPlan.Of(inventory, options, time.GetUtcNow());
        if (dryRun)
        {
            return new SweepReport(true, [.. plan.Keys.Select(Removed)], plan.Packs.Count, plan.Packs.Sum(p => p.Size));
        }

        var outcome = await new Sweep(store, _reader, options, time).RunAsync(plan, inventory, cancel);
        return new SweepReport(false, [.. outcome.Keys.Select(Removed)], outcome.Packs, outcome.PackBytes);
    }

    private static IEnumerable<(CacheSpace Space, CachedKey Key)> Chosen(CacheInventory inventory, KeyChoice choice) =>
        inventory.Spaces.SelectMany(s => s.Keys.Where(k => choice.Fits(s, k)).Select(k => (s, k)));

    private static RemovedKey Removed(KeyRemoval removal)
    {
        var key = KeyReport.Of(removal.Space, removal.Key);
        return new RemovedKey(key.Project, key.Runner, key.Protection, key.Key, removal.Reason);
    }

    private static UsageReport Usage(string project, CacheInventory inventory)
    {
        var spaces = inventory.Spaces.Where(s => s.Project == project).ToList();
        var needed = spaces.SelectMany(s => s.Keys).SelectMany(k => k.Content?.Packs ?? []).ToHashSet(StringComparer.Ordinal);
        var packs = spaces.SelectMany(s => s.Packs.Values).ToList();
        var archives = inventory.Archives.FirstOrDefault(a => a.Project == project);
        var names = project.TrimEnd('/').Split('/');
        return new UsageReport(
            long.Parse(names[^1], System.Globalization.CultureInfo.InvariantCulture),
            names is [.., "runner", var runner, _, _] ? runner : null,
            spaces.Sum(s => s.Keys.Count),
            packs.Sum(p => p.Size) + spaces.SelectMany(s => s.Builds).Sum(b => b.Size) + spaces.SelectMany(s => s.Keys).Sum(k => k.Manifest.Size),
            packs.Where(p => !needed.Contains(p.Name)).Sum(p => p.Size),
            archives?.Objects ?? 0,
            archives?.Bytes ?? 0);
    }
}
