using System.Text.RegularExpressions;

namespace PodExecutor.Driver.Job;

/// <summary>What Kubernetes takes for a name. Source: apimachinery, pkg/util/validation.</summary>
internal static partial class KubernetesNames
{
    private const int LongestSubdomain = 253;
    private const int LongestPart = 63;

    /// <summary>A namespace, a container: letters, digits and dashes.</summary>
    public static bool IsLabel(string text) => Label().IsMatch(text);

    /// <summary>Most other objects: labels with dots between.</summary>
    public static bool IsSubdomain(string text) => text.Length <= LongestSubdomain && Subdomain().IsMatch(text);

    /// <summary>What is wrong with a label's or an annotation's key, or null.</summary>
    public static string? WrongKey(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var name = key[(slash + 1)..];
        return name.Length is > 0 and <= LongestPart && Qualified().IsMatch(name) && (slash < 0 || IsSubdomain(key[..slash]))
            ? null
            : $"\"{key}\" is no key of a label";
    }

    /// <summary>What is wrong with a label, or null.</summary>
    public static string? WrongLabel(string key, string value) =>
        WrongKey(key) ?? (value.Length == 0 || (value.Length <= LongestPart && Qualified().IsMatch(value)) ? null : $"\"{value}\" is no value of a label");

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\\z")]
    private static partial Regex Label();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex("^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\\z")]
    private static partial Regex Qualified();
}
