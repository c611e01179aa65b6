namespace PodExecutor.Agent.Paths;

/// <summary><c>{a,b}</c> in patterns: alternatives, which may be empty, nested and hold slashes.</summary>
internal static class BraceExpansion
{
    /// <summary>More are a mistake, or an attack on the helper's memory.</summary>
    private const int MaxPatterns = 1000;

    /// <exception cref="FormatException">A brace is not closed, or there are more than 1000 alternatives in all.</exception>
    public static IReadOnlyList<string> Of(string pattern)
    {
        List<string> done = [];
        var open = new Queue<string>([pattern]);
        while (open.TryDequeue(out var next))
        {
            if (Find(next, 0, '{') is not { } start)
            {
                done.Add(next);
                continue;
            }

            foreach (var alternative in Alternatives(next, start, out var end))
            {
                open.Enqueue(next[..start] + alternative + next[(end + 1)..]);
            }

            if (done.Count + open.Count > MaxPatterns)
            {
                throw new FormatException($"the braces of {pattern} stand for more than {MaxPatterns} patterns");
            }
        }

        return done;
    }

    private static List<string> Alternatives(string pattern, int start, out int end)
    {
        List<string> found = [];
        var (depth, from) = (0, start + 1);
        for (var at = start + 1; at < pattern.Length; at++)
        {
            switch (pattern[at])
            {
                case '\\':
                    at++;
                    break;
                case '{':
                    depth++;
                    break;
                case ',' when depth == 0:
                    found.Add(pattern[from..at]);
                    from = at + 1;
                    break;
                case '}' when depth-- == 0:
                    found.Add(pattern[from..at]);
                    end = at;
                    return found;
            }
        }

        throw new FormatException($"the {{ in {pattern} is not closed");
    }

    private static int? Find(string pattern, int from, char wanted)
    {
        for (var at = from; at < pattern.Length; at++)
        {
            if (pattern[at] == wanted)
            {
                return at;
            }

            at += pattern[at] == '\\' ? 1 : 0;
        }

        return null;
    }
}
