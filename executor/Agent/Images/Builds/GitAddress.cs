using System.Text.RegularExpressions;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>Addresses of git repositories.</summary>
internal static partial class GitAddress
{
    /// <summary>"ssh://…", or "user@host:path" as scp has it.</summary>
    public static bool IsOverSsh(string address) => address.StartsWith("ssh://", StringComparison.Ordinal) || ScpForm().IsMatch(address);

    [GeneratedRegex("^[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:", RegexOptions.CultureInvariant)]
    private static partial Regex ScpForm();
}
