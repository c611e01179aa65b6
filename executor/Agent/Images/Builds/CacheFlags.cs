using PodExecutor.Agent.Images.CommandLine;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>--cache-from and --cache-to: <c>type=TYPE,KEY=VALUE…</c>, or registry references alone, separated by commas.</summary>
internal static class CacheFlags
{
    /// <exception cref="ImageException">No type, or what the type needs is missing.</exception>
    public static IReadOnlyList<TypedRequest> Read(ParsedFlags flags, string flag) =>
        [.. flags.All(flag).Where(c => c.Length > 0).SelectMany(text => text.Contains('=', StringComparison.Ordinal) ? [Typed(flags, flag, text)] : Names(flags, flag, text))];

    private static TypedRequest Typed(ParsedFlags flags, string flag, string text)
    {
        var fields = flags.Fields(flag, text);
        if (!fields.Remove("type", out var type))
        {
            throw flags.Wrong($"--{flag} {Keys.Hidden(text)}: type=… is missing (registry, inline, local, s3, gha, azblob)");
        }

        var needed = type switch { "registry" => "ref", "local" => flag == "cache-to" ? "dest" : "src", _ => null };
        return needed is null || fields.ContainsKey(needed) ? new TypedRequest(type, fields) : throw flags.Wrong($"--{flag} {Keys.Hidden(text)}: type={type} needs {needed}=…");
    }

    // A cache for each; an empty one is a variable that is not set.
    private static List<TypedRequest> Names(ParsedFlags flags, string flag, string text)
    {
        try
        {
            return
            [
                .. CsvFields.Split(text).Where(name => name.Length > 0)
                    .Select(name => name == "inline" && flag == "cache-to" ? new TypedRequest("inline", new Dictionary<string, string>())
                        : new TypedRequest("registry", new Dictionary<string, string> { ["ref"] = ImageReference.Parse(name).Full })),
            ];
        }
        catch (FormatException e)
        {
            throw flags.Wrong($"--{flag} {text}: {e.Message}");
        }
    }
}
