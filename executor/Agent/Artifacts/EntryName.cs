namespace PodExecutor.Agent.Artifacts;

/// <summary>The rules for names in archives ("zip slip"): an archive comes from another job, which may be anybody's merge request.</summary>
internal static class EntryName
{
    /// <summary>Relative, with single slashes, without dots; empty for the directory itself.</summary>
    /// <exception cref="ArtifactException">The name is absolute, leads upwards or is Windows'.</exception>
    public static string Normalize(string name)
    {
        var reason = name switch
        {
            "" => "it is empty",
            _ when name.StartsWith('/') => "it is absolute",
            _ when name.Contains('\0', StringComparison.Ordinal) => "it holds a NUL",
            _ when name.Contains('\\', StringComparison.Ordinal) => "it holds a backslash",
            [(>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ':'] or [(>= 'a' and <= 'z') or (>= 'A' and <= 'Z'), ':', '/', ..] => "it begins with a drive",
            _ when name.Split('/').Contains("..") => "it leads upwards",
            _ => null,
        };
        return reason is null
            ? string.Join('/', name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(n => n != "."))
            : throw Refusal(name, reason);
    }

    /// <summary>
    /// True if a link surely stays in the root. Upward steps count only at the target's begin, where they pass real directories:
    /// behind a name that is itself a link they could lead anywhere.
    /// </summary>
    /// <param name="path">The link's own, relative to the root.</param>
    public static bool IsInside(string path, string target, string root)
    {
        var names = target.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(n => n != ".").ToArray();
        if (target.StartsWith('/'))
        {
            return !names.Contains("..") && RealPath.IsWithin("/" + string.Join('/', names), root);
        }

        var upwards = names.TakeWhile(n => n == "..").Count();
        return target.Length > 0 && !target.Contains('\0', StringComparison.Ordinal)
            && upwards <= path.Count(c => c == '/') && !names.Skip(upwards).Contains("..");
    }

    public static ArtifactException Refusal(string name, string reason) =>
        new($"The archive is refused and nothing of it unpacked: its entry {name} cannot be placed safely, for {reason}. Look at the job that made it.");
}
