using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace PodExecutor.Driver.Cache;

/// <summary>
/// GitLab's border within a project: it puts the suffix to every key and fallback key ("Use separate caches for protected branches"),
/// so a key's end tells who may have written the cache. Open: the project has the border switched off.
/// </summary>
internal enum Protection
{
    Open,
    NonProtected,
    Protected,
}

/// <summary>A cache's key after the runner's rules. Source: gitlab-runner cache/cachekey and cache/cache.go; custom-executor facts, section 10.</summary>
internal sealed partial record CacheKey
{
    private const string ProtectedSuffix = "-protected";
    private const string NonProtectedSuffix = "-non_protected";

    private CacheKey(string text, string sanitized, string raw)
    {
        Text = text;
        Protection = text.EndsWith(NonProtectedSuffix, StringComparison.Ordinal) ? Protection.NonProtected
            : text.EndsWith(ProtectedSuffix, StringComparison.Ordinal) ? Protection.Protected
            : Protection.Open;
        var hash = Hash(raw);
        RunnerNames = [sanitized, $"{hash[..2]}/{hash}"];
    }

    /// <summary>What tells it from others, and what people see.</summary>
    public string Text { get; }

    public Protection Protection { get; }

    /// <summary>Our name for it: no character of the key is in it.</summary>
    public string Id => Hash(Text);

    /// <summary>What the runner itself calls its archive of this key: plain, and with FF_HASH_CACHE_KEYS.</summary>
    public IReadOnlyList<string> RunnerNames { get; }

    /// <param name="raw">Variables are expanded in it.</param>
    /// <param name="hashed">FF_HASH_CACHE_KEYS: the key is taken as it is.</param>
    /// <returns>Null if nothing is left of it.</returns>
    public static CacheKey? Of(string raw, bool hashed)
    {
        var sanitized = Sanitize(raw);
        var text = hashed ? raw : sanitized;
        return sanitized.Length == 0 || text.Length == 0 ? null : new CacheKey(text, sanitized, raw);
    }

    /// <summary>
    /// Whether a key that the pipeline chose alone, without GitLab's suffix, names a protected cache. Whatever the store or the rules
    /// above make equal is equal here, too.
    /// </summary>
    public static bool PretendsToBeProtected(string raw) =>
        new[] { raw, Sanitize(raw) }.Any(k => k.TrimEnd('.', ' ', '\t', '\r', '\n', '/', '\\').EndsWith(ProtectedSuffix, StringComparison.OrdinalIgnoreCase));

    /// <summary>A path below a root that nothing climbs out of; trailing blanks go.</summary>
    private static string Sanitize(string key)
    {
        var plain = EncodedDot().Replace(EncodedSlash().Replace(key, "/"), ".").Replace('\\', '/');
        var names = new List<string>();
        foreach (var name in plain.Split('/'))
        {
            if (name == ".." && names.Count > 0)
            {
                names.RemoveAt(names.Count - 1);
            }
            else if (name is not ("" or "." or ".."))
            {
                names.Add(name);
            }
        }

        return string.Join('/', names).TrimEnd().TrimEnd('/');
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex("%2f", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex EncodedSlash();

    [GeneratedRegex("%2e", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex EncodedDot();
}
