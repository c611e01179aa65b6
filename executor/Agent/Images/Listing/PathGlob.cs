namespace PodExecutor.Agent.Images.Listing;

/// <summary>Go's path.Match, by which docker reads <c>--filter reference=</c> and the operand of `docker images`: '*' and '?' stop at a slash.</summary>
internal static class PathGlob
{
    /// <exception cref="FormatException">A bracket is not closed, or a backslash is the last character.</exception>
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        while (pattern.Length > 0)
        {
            switch (pattern[0])
            {
                case '*':
                    return Star(pattern.TrimStart('*'), text);
                case '?' when text.Length > 0 && text[0] != '/':
                    pattern = pattern[1..];
                    break;
                case '[' when text.Length > 0 && text[0] != '/':
                    if (!Class(ref pattern, text[0]))
                    {
                        return false;
                    }

                    break;
                case '?' or '[':
                    return false;
                default:
                    if (pattern[0] == '\\')
                    {
                        pattern = pattern.Length > 1 ? pattern[1..] : throw new FormatException("a backslash stands at its end");
                    }

                    if (text.Length == 0 || pattern[0] != text[0])
                    {
                        return false;
                    }

                    pattern = pattern[1..];
                    break;
            }

            text = text[1..];
        }

        return text.Length == 0;
    }

    private static bool Star(ReadOnlySpan<char> rest, ReadOnlySpan<char> text)
    {
        for (var at = 0; ; at++)
        {
            if (Matches(rest, text[at..]))
            {
                return true;
            }

            if (at == text.Length || text[at] == '/')
            {
                return false;
            }
        }
    }

    /// <summary>[abc], [a-z], [^a]; moves the pattern behind the bracket.</summary>
    private static bool Class(ref ReadOnlySpan<char> pattern, char c)
    {
        var close = pattern.Length < 3 ? -1 : pattern[2..].IndexOf(']') + 2;
        if (close < 2)
        {
            throw new FormatException("a bracket is not closed");
        }

        var body = pattern[1..close];
        pattern = pattern[(close + 1)..];
        var negated = body[0] == '^';
        body = negated ? body[1..] : body;
        var found = false;
        for (var i = 0; i < body.Length; i++)
        {
            var isRange = i + 2 < body.Length && body[i + 1] == '-';
            found |= isRange ? c >= body[i] && c <= body[i + 2] : c == body[i];
            i += isRange ? 2 : 0;
        }

        return found != negated;
    }
}
