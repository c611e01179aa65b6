using PodExecutor.Driver.Cache.Store;

namespace PodExecutor.Driver.Cache.Care;

/// <summary>One project's caches of one protection class, as the store has them.</summary>
/// <param name="Prefix">Of all its objects; ends in '/'.</param>
/// <param name="Packs">By object name.</param>
/// <param name="Uses">By object name: when each key was last restored. The key itself may be gone.</param>
internal sealed record CacheSpace(
    string Prefix,
    long ProjectId,
    string? Runner,
    Protection Protection,
    IReadOnlyList<CachedKey> Keys,
    IReadOnlyDictionary<string, StoredObject> Packs,
    IReadOnlyDictionary<string, StoredObject> Uses)
{
    /// <summary>What BuildKit keeps of the project's image builds.</summary>
    public IReadOnlyList<StoredObject> Builds { get; init; } = [];

    /// <summary>The project's part of the store: what a quota counts together.</summary>
    public string Project => Prefix[..Prefix.IndexOf(CacheNames.Folder, StringComparison.Ordinal)];

    public string UseOf(CachedKey key) => $"{Prefix}{CacheNames.Uses}{key.Manifest.Name[(Prefix.Length + CacheNames.Manifests.Length)..]}";

    /// <summary>When the key was last saved or restored.</summary>
    public DateTimeOffset LastUsed(CachedKey key) =>
        Uses.TryGetValue(UseOf(key), out var use) && use.Modified > key.Manifest.Modified ? use.Modified : key.Manifest.Modified;
}

/// <summary>A saved cache.</summary>
/// <param name="Manifest">Its object.</param>
/// <param name="Content">Null if it cannot be read: such a key is as good as none.</param>
internal sealed record CachedKey(StoredObject Manifest, CacheContent? Content);

/// <param name="Packs">Object names.</param>
/// <param name="Bytes">Of the files, uncompressed.</param>
internal sealed record CacheContent(string Key, IReadOnlyList<string> Packs, long Files, long Bytes, string JobUrl, IReadOnlyList<(string Path, long Bytes)> Largest);

/// <summary>The archives that gitlab-runner itself has stored for a project: shown, never touched.</summary>
internal sealed record RunnerArchives(string Project, long Objects, long Bytes);

/// <summary>Everything below the configured path.</summary>
internal sealed record CacheInventory(IReadOnlyList<CacheSpace> Spaces, IReadOnlyList<RunnerArchives> Archives);
