namespace PodExecutor.Agent.Images.CommandLine;

/// <summary>Keys to stores of build cache, which the log is not for.</summary>
internal static class Keys
{
    private static readonly string[] Names = ["access_key_id=", "secret_access_key=", "account_key=", "token="];

    /// <summary>A flag's value for a message, up to the first key in it.</summary>
    public static string Hidden(string text)
    {
        var first = Names.Select(n => text.IndexOf(n, StringComparison.OrdinalIgnoreCase)).Where(at => at >= 0).DefaultIfEmpty(text.Length).Min();
        return first == text.Length ? text : text[..first] + "…";
    }
}
