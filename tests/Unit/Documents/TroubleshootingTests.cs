using System.Text.RegularExpressions;

namespace PodExecutor.Tests.Unit.Documents;

/// <summary>docs/troubleshooting.md is searched by a message's text: each text that it quotes is still in the source.</summary>
public sealed partial class TroubleshootingTests
{
    private static readonly string Source = string.Concat(
        Repository.Files("executor", "*.cs").Order(StringComparer.Ordinal).Select(f => Quotes().Replace(File.ReadAllText(f), "\"")));

    public static TheoryData<string> Messages => [.. Heading().Matches(Repository.Read("docs/troubleshooting.md")).SelectMany(h => Quoted().Matches(h.Value)).Select(m => m.Groups[1].Value)];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Message_OfAHeading_IsInTheSource(string message)
    {
        // An ellipsis stands for what the product puts in.
        foreach (var part in message.Split('…', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Assert.True(Source.Contains(part, StringComparison.Ordinal), $"no message of the product has the text \"{part}\": {message}");
        }
    }

    [Fact]
    public void Page_Has_Messages() => Assert.True(Messages.Count > 30, $"only {Messages.Count} messages were found");

    /// <summary>A paragraph's bold beginning, which holds the messages.</summary>
    [GeneratedRegex(@"^\*\*.*?\*\*", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    /// <summary>As source text writes a quotation mark.</summary>
    [GeneratedRegex("\\\\\"")]
    private static partial Regex Quotes();
}
