using Google.Protobuf.Collections;
using PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>The caches that a build names itself: written where images may be pushed, and with a credential of the job's own.</summary>
internal sealed class CachePolicy(OutputPolicy outputs)
{
    /// <summary>Types that reach no storage but the registry, the session or what their own attributes open.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal) { "registry", "local", "inline", "gha", "s3", "azblob" };

    /// <returns>Why the build is refused, or null.</returns>
    public string? Apply(CacheOptions cache)
    {
        if (cache.ExportRefDeprecated.Length > 0 || cache.ImportRefsDeprecated.Count > 0 || cache.ExportAttrsDeprecated.Count > 0)
        {
            return "Caches in the form of BuildKit before 0.4 are not allowed on this builder: name them with a type, as by --cache-to type=registry,ref=….";
        }

        return Entries(cache.Exports, outputs.Push) ?? Imports(cache.Imports);
    }

    /// <returns>Why the build is refused, or null.</returns>
    public string? Imports(IEnumerable<CacheOptionsEntry> entries) => Entries(entries, (name, attributes) =>
    {
        outputs.Reach(name, attributes);
        return null;
    });

    /// <summary>Imports that the frontend reads. They are written anew, so that the builder reads of them what was judged here.</summary>
    /// <returns>Why the build is refused, or null.</returns>
    public string? ImportsOption(MapField<string, string> frontendOptions)
    {
        if (!frontendOptions.TryGetValue(CacheImportsOption.Name, out var text))
        {
            return null;
        }

        if (CacheImportsOption.Read(text) is not { } entries)
        {
            return $"The option {CacheImportsOption.Name} of this build is not a list of caches that can be checked.";
        }

        var problem = Imports(entries);
        frontendOptions[CacheImportsOption.Name] = CacheImportsOption.Write(entries);
        return problem;
    }

    private static string? Entries(IEnumerable<CacheOptionsEntry> entries, Func<string, MapField<string, string>, string?> registry) =>
        entries.Select(e => Entry(e, registry)).FirstOrDefault(p => p is not null);

    private static string? Entry(CacheOptionsEntry entry, Func<string, MapField<string, string>, string?> registry) => entry.Type switch
    {
        "registry" => entry.Attrs.TryGetValue("ref", out var name) ? registry(name, entry.Attrs) : null,

        // Without both the builder would use the credential that it was given, for a bucket of everybody.
        "s3" when !Has(entry, "access_key_id") || !Has(entry, "secret_access_key") =>
            "A cache of type s3 needs access_key_id and secret_access_key of the job's own: the builder's own credential is not lent.",
        "azblob" when !Has(entry, "account_url") || !Has(entry, "secret_access_key") =>
            "A cache of type azblob needs account_url and secret_access_key of the job's own: the builder's own credential is not lent.",
        _ => Known.Contains(entry.Type) ? null : $"Caches of type \"{entry.Type}\" are not allowed on this builder. Allowed: {string.Join(", ", Known.Order())}.",
    };

    private static bool Has(CacheOptionsEntry entry, string attribute) => entry.Attrs.TryGetValue(attribute, out var value) && value.Length > 0;
}
