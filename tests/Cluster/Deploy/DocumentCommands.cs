using System.Text.RegularExpressions;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>The commands of a page of docs/: its blocks marked "sh", but for those that a comment above says are not run here.</summary>
internal static partial class DocumentCommands
{
    public static IReadOnlyList<string> Of(string page) =>
        [.. Block().Matches(page).Where(m => !m.Groups["comment"].Value.Contains("run by", StringComparison.Ordinal)).Select(m => m.Groups["commands"].Value.Trim())];

    [GeneratedRegex(@"(?<comment><!--[^\n]*-->\n)?```sh\n(?<commands>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
