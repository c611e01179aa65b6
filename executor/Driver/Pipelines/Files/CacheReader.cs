using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>cache: one or a list; goes into the job file as GitLab would send it.</summary>
internal static class CacheReader
{
    public static IReadOnlyList<PayloadCache> Read(ValueReader values, YamlEntry? entry)
    {
        if (ValueReader.IsAbsent(entry))
        {
            return [];
        }

        var items = entry!.Value is YamlList list ? list.Items : [entry.Value];
        return [.. items.Select(i => One(values, i)).OfType<PayloadCache>()];
    }

    private static PayloadCache? One(ValueReader values, YamlValue value)
    {
        if (value is not YamlMap map)
        {
            values.Problems.Error(value.Place, $"cache: this is {value.Kind}, it must be a mapping with paths");
            return null;
        }

        values.Only(map, "cache", "key", "paths", "untracked", "policy", "when", "fallback_keys", "unprotect");
        _ = values.Flag(map.Find("unprotect"));
        return new PayloadCache
        {
            // GitLab sends "default" for a cache without a key, and adds the protection to the key: try's ref
            // is not protected, so that unprotect changes nothing.
            Key = Key(values, map.Find("key")) + "-non_protected",
            Paths = values.Texts(map.Find("paths")) ?? [],
            Untracked = values.Flag(map.Find("untracked")) ?? false,
            Policy = values.Text(map.Find("policy")) ?? "pull-push",
            When = values.OneOf(map.Find("when"), "on_success", "on_failure", "always") ?? "on_success",
            FallbackKeys = [.. (values.Texts(map.Find("fallback_keys")) ?? []).Select(k => k + "-non_protected")],
        };
    }

    private static string Key(ValueReader values, YamlEntry? entry)
    {
        if (entry?.Value is YamlMap map)
        {
            values.Problems.Error(
                map.Place,
                $"cache: key: {string.Join(", ", map.Entries.Select(e => e.Key))}: GitLab computes this key from commits, which try has not. Write the key as a text");
            return "default";
        }

        return values.Text(entry) is { Length: > 0 } text ? text : "default";
    }
}
