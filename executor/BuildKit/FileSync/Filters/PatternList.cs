using System.Buffers;

namespace PodExecutor.BuildKit.FileSync.Filters;

/// <summary>An ordered list of patterns, of which the last that matches decides; "!" at the start takes back what earlier ones matched.</summary>
internal sealed class PatternList
{
    private static readonly SearchValues<char> Wildcards = SearchValues.Create("*[]?^\\");

    private readonly List<Pattern> _patterns = [];

    /// <exception cref="FormatException">A pattern has a syntax error.</exception>
    public PatternList(IEnumerable<string> patterns)
    {
        foreach (var pattern in patterns.Select(pattern => pattern.Trim()).Where(pattern => pattern.Length > 0).Select(GoPath.Clean))
        {
            var exclusion = pattern.StartsWith('!');
            var text = exclusion ? pattern[1..] : pattern;
            if (text.Length == 0)
            {
                throw new FormatException("the pattern \"!\" excludes nothing");
            }

            _patterns.Add(new Pattern(text, exclusion, new Glob(text)));
        }

        HasExclusions = _patterns.Any(pattern => pattern.Exclusion);
        OnlyPrefixInclusions = _patterns.All(pattern => pattern.Exclusion || pattern.IsPrefix);
        OnlyPrefixExclusions = _patterns.All(pattern => !pattern.Exclusion || pattern.IsPrefix);
    }

    public int Count => _patterns.Count;

    public bool HasExclusions { get; }

    /// <summary>Whether each pattern without "!" says by itself below which folder its matches are.</summary>
    public bool OnlyPrefixInclusions { get; }

    public bool OnlyPrefixExclusions { get; }

    /// <summary>Whether a path matches, by itself or because its folder does.</summary>
    /// <param name="parent">What <paramref name="matched"/> was for its folder; empty for what is in the root.</param>
    /// <param name="matched">Gets, for each pattern, whether it matched. Patterns that could not change the result are not tried.</param>
    public bool Matches(ReadOnlySpan<char> path, ReadOnlySpan<bool> parent, Span<bool> matched)
    {
        var result = false;
        for (var i = 0; i < _patterns.Count; i++)
        {
            var pattern = _patterns[i];
            var match = !parent.IsEmpty && parent[i];
            if (!match && pattern.Exclusion == result)
            {
                match = pattern.Glob.Matches(path);
            }

            matched[i] = match;
            if (match)
            {
                result = !pattern.Exclusion;
            }
        }

        return result;
    }

    /// <summary>Whether anything below a folder could match a pattern of the kind, judged by the patterns' plain starts.</summary>
    public bool MayMatchBelow(string folder, bool exclusions)
    {
        var start = folder + "/";
        return _patterns.Any(pattern => pattern.Exclusion == exclusions && (pattern.Prefix + "/").StartsWith(start, StringComparison.Ordinal));
    }

    /// <summary>
    /// The same, judged by the whole patterns: whether anything below a folder could come out as wanted. Only patterns after the last one that matched the folder
    /// can change what that one has made of it.
    /// </summary>
    /// <param name="wanted">As <see cref="Matches"/> answers.</param>
    /// <param name="matched">What <see cref="Matches"/> has told of the folder.</param>
    public bool MayComeOutBelow(bool wanted, string folder, ReadOnlySpan<bool> matched)
    {
        var last = matched.LastIndexOf(true);
        var now = last >= 0 && !_patterns[last].Exclusion;
        return now == wanted || _patterns.Skip(last + 1).Any(pattern => pattern.Exclusion != wanted && pattern.Glob.MayMatchBelow(folder));
    }

    private sealed record Pattern(string Text, bool Exclusion, Glob Glob)
    {
        public string Prefix { get; } = WithoutTrailingStars(Text);

        public bool IsPrefix => Prefix.AsSpan().IndexOfAny(Wildcards) < 0;

        private static string WithoutTrailingStars(string text)
        {
            text = text.EndsWith("/**", StringComparison.Ordinal) ? text[..^3] : text;
            return text.EndsWith("/*", StringComparison.Ordinal) ? text[..^2] : text;
        }
    }
}
