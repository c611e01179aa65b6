using System.Runtime.InteropServices;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>Platform names, brought to one form (containerd/platforms, normalize.go).</summary>
internal static class Platforms
{
    /// <summary>buildx's word for the platform of the machine that it runs on.</summary>
    private const string Local = "local";

    /// <summary>The values of --platform, each a list. Of "local" alone nothing is left: the builder makes what it is itself.</summary>
    /// <exception cref="ImageException">Not a platform.</exception>
    public static IReadOnlyList<string> Parse(IEnumerable<string> values)
    {
        var names = values.SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).ToList();
        return names.TrueForAll(IsLocal) ? [] : [.. names.Select(n => IsLocal(n) ? Own : Normalize(n)).Distinct()];
    }

    private static string Own => Normalize(RuntimeInformation.OSArchitecture == Architecture.X64 ? "amd64" : RuntimeInformation.OSArchitecture.ToString());

    private static bool IsLocal(string name) => name.Equals(Local, StringComparison.OrdinalIgnoreCase);

    /// <summary>"amd64", "linux/x86_64" → "linux/amd64"; "arm64/v8" → "linux/arm64"; "linux/arm" → "linux/arm/v7".</summary>
    /// <exception cref="ImageException">Not a platform.</exception>
    public static string Normalize(string text)
    {
        var parts = text.Trim().ToLowerInvariant().Split('/');
        if (parts is [""] or [_, _, _, _, ..] || parts.Any(p => p.Length == 0))
        {
            throw new ImageException($"--platform {text} is not a platform. Write it like linux/amd64 or linux/arm64.", ImageExit.Usage);
        }

        var knownOs = parts[0] is "linux" or "windows" or "darwin" or "freebsd";
        var os = knownOs ? parts[0] : "linux";
        var rest = knownOs ? parts[1..] : parts;
        var (architecture, variant) = (rest.ElementAtOrDefault(0) ?? "amd64", rest.ElementAtOrDefault(1));
        (architecture, variant) = (architecture, variant) switch
        {
            ("x86_64" or "x86-64" or "amd64", "v1" or null) => ("amd64", null),
            ("x86_64" or "x86-64", _) => ("amd64", variant),
            ("aarch64" or "arm64", "v8" or "8" or null) => ("arm64", null),
            ("aarch64", _) => ("arm64", variant),
            ("armhf", _) => ("arm", "v7"),
            ("armel", _) => ("arm", "v6"),
            ("arm", null or "7") => ("arm", "v7"),
            ("arm", "5" or "6" or "8") => ("arm", "v" + variant),
            ("i386" or "386", _) => ("386", null),
            _ => (architecture, variant),
        };
        return variant is null ? $"{os}/{architecture}" : $"{os}/{architecture}/{variant}";
    }
}
