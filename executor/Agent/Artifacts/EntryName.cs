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

    public static ArtifactException Refusal(string name, string reason) =>
        new($"The archive is refused and nothing of it unpacked: its entry {name} cannot be placed safely, for {reason}. Look at the job that made it.");
}
