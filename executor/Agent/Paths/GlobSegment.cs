namespace PodExecutor.Agent.Paths;

/// <summary>One pattern between two slashes: <c>*</c>, <c>?</c>, <c>[a-z]</c>, <c>[^a]</c>, <c>[!a]</c>, and a backslash before what is meant literally.</summary>
internal sealed class GlobSegment
{
    private readonly List<Token> _tokens = [];

    /// <exception cref="FormatException">A class is not closed, or a backslash stands last.</exception>
    public GlobSegment(string pattern)
    {
        IsDoubleStar = pattern == "**";
        for (var i = 0; i < pattern.Length; i++)
        {
            _tokens.Add(pattern[i] switch
            {
                '*' => Token.Star,
                '?' => Token.One,
                '[' => Class(pattern, ref i),
                '\\' when i + 1 == pattern.Length => throw new FormatException($"the backslash at the end of {pattern} quotes nothing"),
                '\\' => Token.Char(pattern[++i]),
                var c => Token.Char(c),
            });
        }

        Literal = _tokens.TrueForAll(t => t.Literal is not null) ? string.Concat(_tokens.Select(t => t.Literal)) : null;
    }

    /// <summary>The pattern that only this name matches.</summary>
    public static GlobSegment Of(string name) => new(string.Concat(name.Select(c => c is '*' or '?' or '[' or '\\' ? "\\" + c : c.ToString())));

    /// <summary>Any number of directories, also none.</summary>
    public bool IsDoubleStar { get; }

    /// <summary>The one name that matches, or null if the pattern has wildcards.</summary>
    public string? Literal { get; }

    public bool Matches(string name)
    {
        // The usual two-finger walk: on a mismatch the last star takes one more character. Never exponential.
        int at = 0, token = 0, star = -1, starAt = 0;
        while (at < name.Length)
        {
            if (token < _tokens.Count && _tokens[token].IsStar)
            {
                (star, starAt) = (token++, at);
            }
            else if (token < _tokens.Count && _tokens[token].Matches(name[at]))
            {
                (token, at) = (token + 1, at + 1);
            }
            else if (star >= 0)
            {
                (token, at) = (star + 1, ++starAt);
            }
            else
            {
                return false;
            }
        }

        return _tokens.Skip(token).All(t => t.IsStar);
    }

    private static Token Class(string pattern, ref int i)
    {
        var ranges = new List<(char Low, char High)>();
        var at = i + 1;
        var isNegated = at < pattern.Length && pattern[at] is '^' or '!';
        at += isNegated ? 1 : 0;
        while (at < pattern.Length && (pattern[at] != ']' || ranges.Count == 0))
        {
            var low = Quoted(pattern, ref at);
            var high = low;
            if (at + 1 < pattern.Length && pattern[at] == '-' && pattern[at + 1] != ']')
            {
                at++;
                high = Quoted(pattern, ref at);
            }

            ranges.Add((low, high));
        }

        i = at;
        return at < pattern.Length ? new Token(ranges, isNegated) : throw new FormatException($"the [ in {pattern} is not closed");
    }

    private static char Quoted(string pattern, ref int at)
    {
        at += pattern[at] == '\\' && at + 1 < pattern.Length ? 1 : 0;
        return pattern[at++];
    }

    /// <param name="Ranges">null for a star, which takes any number of characters.</param>
    private readonly record struct Token(List<(char Low, char High)>? Ranges, bool IsNegated)
    {
        public static Token Star => new(null, false);

        public static Token One => new([], true);

        public bool IsStar => Ranges is null;

        public char? Literal { get; private init; }

        public static Token Char(char c) => new([(c, c)], false) { Literal = c };

        public bool Matches(char c) => Ranges!.Exists(r => r.Low <= c && c <= r.High) != IsNegated;
    }
}
