namespace PodExecutor.Driver.Pipelines.Rules;

internal enum RuleTokenKind
{
    Variable,
    Text,
    Pattern,
    Null,
    Equal,
    NotEqual,
    Matches,
    MatchesNot,
    And,
    Or,
    Open,
    Close,
    End,
}

/// <param name="Text">Name, text or pattern (with its flags after the last slash).</param>
internal readonly record struct RuleToken(RuleTokenKind Kind, string Text, int Position)
{
    private static readonly (string Text, RuleTokenKind Kind)[] Operators =
    [
        ("==", RuleTokenKind.Equal), ("!=", RuleTokenKind.NotEqual), ("=~", RuleTokenKind.Matches), ("!~", RuleTokenKind.MatchesNot),
        ("&&", RuleTokenKind.And), ("||", RuleTokenKind.Or), ("(", RuleTokenKind.Open), (")", RuleTokenKind.Close),
    ];

    /// <exception cref="FormatException">There is a character that no expression has.</exception>
    public static IReadOnlyList<RuleToken> Split(string text)
    {
        var tokens = new List<RuleToken>();
        for (var at = 0; at < text.Length;)
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }

            var (token, length) = Next(text, at);
            tokens.Add(token);
            at += length;
        }

        tokens.Add(new RuleToken(RuleTokenKind.End, "", text.Length));
        return tokens;
    }

    private static (RuleToken Token, int Length) Next(string text, int at)
    {
        foreach (var (word, kind) in Operators)
        {
            if (text.AsSpan(at).StartsWith(word, StringComparison.Ordinal))
            {
                return (new RuleToken(kind, word, at), word.Length);
            }
        }

        return text[at] switch
        {
            '$' => Name(text, at),
            '"' or '\'' => Quoted(text, at),
            '/' => Pattern(text, at),
            _ when text.AsSpan(at).StartsWith("null", StringComparison.Ordinal) => (new RuleToken(RuleTokenKind.Null, "null", at), 4),
            _ => throw new FormatException($"\"{text[at]}\" at position {at + 1} is not expected: write $NAME, \"text\", /pattern/, null, ==, !=, =~, !~, &&, || or parentheses"),
        };
    }

    private static (RuleToken Token, int Length) Name(string text, int at)
    {
        var braces = at + 1 < text.Length && text[at + 1] == '{';
        var start = at + (braces ? 2 : 1);
        var end = start;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
        {
            end++;
        }

        if (end == start || (braces && (end == text.Length || text[end] != '}')))
        {
            throw new FormatException($"\"$\" at position {at + 1} is not followed by a name");
        }

        return (new RuleToken(RuleTokenKind.Variable, text[start..end], at), end - at + (braces ? 1 : 0));
    }

    private static (RuleToken Token, int Length) Quoted(string text, int at)
    {
        var end = text.IndexOf(text[at], at + 1);
        return end < 0
            ? throw new FormatException($"the quote at position {at + 1} is not closed")
            : (new RuleToken(RuleTokenKind.Text, text[(at + 1)..end], at), end - at + 1);
    }

    private static (RuleToken Token, int Length) Pattern(string text, int at)
    {
        var end = at + 1;
        while (end < text.Length && text[end] != '/')
        {
            end += text[end] == '\\' ? 2 : 1;
        }

        if (end >= text.Length)
        {
            throw new FormatException($"the pattern at position {at + 1} is not closed by \"/\"");
        }

        end++;
        while (end < text.Length && char.IsAsciiLetter(text[end]))
        {
            end++;
        }

        return (new RuleToken(RuleTokenKind.Pattern, text[at..end], at), end - at);
    }
}
