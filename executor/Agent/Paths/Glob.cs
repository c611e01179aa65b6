namespace PodExecutor.Agent.Paths;

/// <summary>
/// A path pattern with the meaning that GitLab documents for artifacts (doublestar v4): <c>**</c> between slashes is any number of
/// directories, names with a leading dot are like all others, and <c>a/**</c> matches <c>a</c> too.
/// </summary>
internal sealed class Glob
{
    private Glob(string text, IReadOnlyList<GlobSegment[]> alternatives) => (Text, Alternatives) = (text, alternatives);

    /// <summary>As given by the job.</summary>
    public string Text { get; }

    /// <summary>Each is a pattern without braces, split at its slashes; empty for the directory itself.</summary>
    public IReadOnlyList<GlobSegment[]> Alternatives { get; }

    /// <summary>Relative to the directory, without dots; an absolute pattern inside the directory is made relative.</summary>
    /// <exception cref="FormatException">The pattern is malformed, or leads out of the directory.</exception>
    public static Glob Parse(string text, string directory)
    {
        var alternatives = BraceExpansion.Of(text).Select(p => Relative(p, directory)).ToList();
        return new Glob(text, [.. alternatives.Select(names => names.Select(n => new GlobSegment(n)).ToArray())]);
    }

    /// <param name="path">Relative, with slashes, without dots.</param>
    public bool Matches(string path)
    {
        var names = path.Split('/');
        return Alternatives.Any(segments => Matches(segments, names));
    }

    /// <summary>Of one alternative.</summary>
    public static bool Matches(GlobSegment[] segments, string path) => Matches(segments, path.Split('/'));

    private static bool Matches(GlobSegment[] segments, string[] names)
    {
        // The same walk as within a name, with directories for characters and ** for the star.
        int name = 0, segment = 0, star = -1, starName = 0;
        while (name < names.Length)
        {
            if (segment < segments.Length && segments[segment].IsDoubleStar)
            {
                (star, starName) = (segment++, name);
            }
            else if (segment < segments.Length && segments[segment].Matches(names[name]))
            {
                (segment, name) = (segment + 1, name + 1);
            }
            else if (star >= 0)
            {
                (segment, name) = (star + 1, ++starName);
            }
            else
            {
                return false;
            }
        }

        return segments.Skip(segment).All(s => s.IsDoubleStar);
    }

    private static List<string> Relative(string pattern, string directory)
    {
        if (pattern.StartsWith('/'))
        {
            var root = directory.TrimEnd('/');
            pattern = RealPath.IsWithin(pattern.TrimEnd('/'), root) ? pattern[root.Length..] : throw Outside(pattern);
        }

        var names = new List<string>();
        foreach (var name in pattern.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(n => n != "."))
        {
            if (name != "..")
            {
                names.Add(name);
            }
            else if (names.Count > 0)
            {
                names.RemoveAt(names.Count - 1);
            }
            else
            {
                throw Outside(pattern);
            }
        }

        return names;
    }

    private static FormatException Outside(string pattern) =>
        new($"artifact path is not a subpath of project directory: {pattern}");
}
