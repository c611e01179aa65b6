using System.Text.Json.Serialization;

namespace PodExecutor.Driver.Cache.Care;

// What the `cache` verbs say, for --json; the texts for people are made of the same records.
internal sealed record KeyReport(
    long Project, string? Runner, string Protection, string Key, long Files, long Bytes, long StoredBytes, DateTimeOffset Saved, DateTimeOffset LastUsed, string JobUrl)
{
    public static KeyReport Of(CacheSpace space, CachedKey key) => new(
        space.ProjectId,
        space.Runner,
        Word(space.Protection),
        key.Content?.Key ?? $"(damaged: {key.Manifest.Name})",
        key.Content?.Files ?? 0,
        key.Content?.Bytes ?? 0,
        key.Manifest.Size + (key.Content?.Packs ?? []).Sum(p => space.Packs.TryGetValue(p, out var pack) ? pack.Size : 0),
        key.Manifest.Modified,
        space.LastUsed(key),
        key.Content?.JobUrl ?? "");

    public static string Word(Protection protection) => protection switch
    {
        Cache.Protection.Protected => "protected",
        Cache.Protection.NonProtected => "non_protected",
        _ => "open",
    };
}

internal sealed record FileReport(string Path, long Bytes);

/// <param name="MissingPacks">More than 0: a restore of this key is a miss.</param>
internal sealed record KeyDetails(KeyReport Summary, string Manifest, int Packs, int MissingPacks, IReadOnlyList<FileReport> Largest);

/// <param name="UnneededBytes">Of packs that no key needs; `cache gc` removes them when they are old enough.</param>
internal sealed record UsageReport(long Project, string? Runner, long Keys, long StoredBytes, long UnneededBytes, long ArchiveObjects, long ArchiveBytes);

internal sealed record RemovedKey(long Project, string? Runner, string Protection, string Key, string Reason);

internal sealed record SweepReport(bool DryRun, IReadOnlyList<RemovedKey> Keys, long Packs, long PackBytes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<KeyReport>))]
[JsonSerializable(typeof(IReadOnlyList<KeyDetails>))]
[JsonSerializable(typeof(IReadOnlyList<UsageReport>))]
[JsonSerializable(typeof(SweepReport))]
internal sealed partial class CareJson : JsonSerializerContext;
