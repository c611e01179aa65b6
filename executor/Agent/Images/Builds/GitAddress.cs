namespace PodExecutor.Agent.Images.Builds;

/// <summary>Addresses of git repositories.</summary>
internal static class GitAddress
{
    /// <summary>"ssh://…", or "user@host:path" as scp has it.</summary>
    public static bool IsOverSsh(string address) => address.StartsWith("ssh://", StringComparison.Ordinal)
        || (!address.Contains("://", StringComparison.Ordinal) && address.IndexOf('@', StringComparison.Ordinal) is > 0 and var at && address.IndexOf(':', at) > at + 1);
}
