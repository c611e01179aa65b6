namespace PodExecutor.BuildKit.Content;

/// <summary>Build caches in folders of this machine: what the daemon must be told of them, and what only the client knows.</summary>
internal static class LocalCache
{
    public const string DefaultTag = "latest";

    private const string Local = "local";

    public static bool IsLocal(CacheEntry entry) => entry.Type == Local;

    /// <summary>By this the daemon names the folder to the content service.</summary>
    public static string StoreId(string folder) => "local:" + folder;

    public static string Destination(CacheEntry entry) => Required(entry, "dest");

    public static string Source(CacheEntry entry) => Required(entry, "src");

    public static string TagOf(CacheEntry entry) => entry.Attributes.GetValueOrDefault("tag", DefaultTag);

    public static CacheEntry ExportOf(CacheEntry entry)
    {
        if (IsLocal(entry))
        {
            _ = Destination(entry);
        }

        return entry;
    }

    /// <summary>With the digest that the daemon asks for, from the folder's index.</summary>
    /// <returns>null: the folder holds no cache of that name (yet).</returns>
    public static async Task<CacheEntry?> ImportOfAsync(CacheEntry entry, CancellationToken cancellation)
    {
        const string digestKey = "digest";
        if (!IsLocal(entry) || entry.Attributes.ContainsKey(digestKey))
        {
            return entry;
        }

        var digest = await OciIndex.FindAsync(Source(entry), TagOf(entry), cancellation).ConfigureAwait(false);
        return digest is null ? null : entry with { Attributes = new Dictionary<string, string>(entry.Attributes) { [digestKey] = digest } };
    }

    private static string Required(CacheEntry entry, string key) => entry.Attributes.TryGetValue(key, out var value) && value.Length > 0
        ? value
        : throw new BuildKitException($"A cache of type \"local\" needs {key}=FOLDER.");
}
