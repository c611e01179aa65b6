namespace PodExecutor.Driver.Job;

/// <summary>
/// Shell patterns as gitlab-runner's allowed_images has them: `*` and `?` within a segment between slashes, `**` across segments,
/// `[a-z]`, `{a,b}`.
/// </summary>
internal static class Glob
{
    public static bool IsMatch(string pattern, string text) => Braces(pattern).Any(p => Match(p, text));

    /// <summary>Every reading of the pattern's braces.</summary>
    private static IEnumerable<string> Braces(string pattern)
    {
        var open = pattern.IndexOf('{', StringComparison.Ordinal);
        var close = open < 0 ? -1 : pattern.IndexOf('}', open);
        return close < 0
            ? [pattern]
            : pattern[(open + 1)..close].Split(',').SelectMany(choice => Braces(pattern[..open] + choice + pattern[(close + 1)..]));
    }

    private static bool Match(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        // The classic two-pointer walk: on a mismatch the last star takes one character more. A double star outlasts a single one.
        var (p, t) = (0, 0);
        var star = (Pattern: -1, Text: 0);
        var wide = (Pattern: -1, Text: 0);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                if (p + 1 < pattern.Length && pattern[p + 1] == '*')
                {
                    // "**/" also stands for no segment at all.
                    p += p + 2 < pattern.Length && pattern[p + 2] == '/' && (p == 0 || pattern[p - 1] == '/') ? 3 : 2;
                    (wide, star) = ((p, t), (-1, 0));
                }
                else
                {
                    star = (++p, t);
                }

                continue;
            }

            if (p < pattern.Length && One(pattern[p..], text[t]) is var length and > 0)
            {
                (p, t) = (p + length, t + 1);
            }
            else if (star.Pattern >= 0 && text[star.Text] != '/')
            {
                star.Text++;
                (p, t) = star;
            }
            else if (wide.Pattern >= 0)
            {
                wide.Text++;
                star.Pattern = -1;
                (p, t) = wide;
            }
            else
            {
                return false;
            }
        }

        return pattern[p..].IndexOfAnyExcept('*') < 0;
    }

    /// <summary>How long the element at the pattern's begin is, if it matches the character; else 0.</summary>
    private static int One(ReadOnlySpan<char> pattern, char c)
    {
        switch (pattern[0])
        {
            case '?':
                return c == '/' ? 0 : 1;
            case '\\' when pattern.Length > 1:
                return pattern[1] == c ? 2 : 0;
            case '[' when pattern.IndexOf(']') is var end and > 1:
                return InSet(pattern[1..end], c) ? end + 1 : 0;
            default:
                return pattern[0] == c ? 1 : 0;
        }
    }

    private static bool InSet(ReadOnlySpan<char> set, char c)
    {
        var not = set[0] is '!' or '^';
        set = not ? set[1..] : set;
        var found = false;
        for (var i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                found |= c >= set[i] && c <= set[i + 2];
                i += 2;
            }
            else
            {
                found |= set[i] == c;
            }
        }

        return found != not && c != '/';
    }
}
