using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Unit.Options;

/// <summary>Which keys an options file sets.</summary>
internal static class TomlKeys
{
    /// <summary>As a description names them; a profile is called NAME.</summary>
    public static IEnumerable<string> Of(string text) => Of(TomlDocument.Parse(text, "options.toml", []), "");

    /// <summary>A path of a description, in which the profiles' table stands for each profile.</summary>
    public static string Named(string path) => path.StartsWith("profiles.", StringComparison.Ordinal) ? "profiles.NAME." + path["profiles.".Length..] : path;

    private static IEnumerable<string> Of(TomlTable table, string prefix) => table.Values.SelectMany(v => Of(v.Key, v.Value.Value, prefix));

    private static IEnumerable<string> Of(string key, object value, string prefix)
    {
        var path = prefix + (prefix == "profiles." ? "NAME" : key);
        return value switch
        {
            TomlTable inner => Of(inner, path + ".").Prepend(path),
            List<TomlValue> list when list.Exists(i => i.Value is TomlTable) => list.SelectMany(i => Of((TomlTable)i.Value, path + ".")).Prepend(path),
            _ => [path],
        };
    }
}
