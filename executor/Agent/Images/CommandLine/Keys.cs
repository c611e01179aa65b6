using System.Text.RegularExpressions;

namespace PodExecutor.Agent.Images.CommandLine;

/// <summary>Keys to stores of build cache, which the log is not for.</summary>
internal static partial class Keys
{
    /// <summary>A flag's value for a message: "secret_access_key=…" as it stands here.</summary>
    public static string Hidden(string text) => Pattern().Replace(text, "$1=…");

    [GeneratedRegex("(access_key_id|secret_access_key|session_token|account_key|token)=[^,\"]*", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
