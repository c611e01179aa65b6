using System.Text.RegularExpressions;

namespace PodExecutor.Agent.Images.References;

/// <summary>
/// An image's name as docker reads it (distribution/reference, grammar.go): <c>[registry[:port]/]path[:tag][@digest]</c>. A first part without a dot, a colon
/// and other than "localhost" belongs to the path, and the registry is docker.io then.
/// </summary>
internal sealed partial record ImageReference(string Registry, string Path, string? Tag, string? Digest)
{
    public const string DockerHub = "docker.io";

    /// <summary>With registry and "latest", as the builder wants it.</summary>
    public string Full => Name + (Tag is null && Digest is null ? ":latest" : "") + (Tag is null ? "" : $":{Tag}") + (Digest is null ? "" : $"@{Digest}");

    /// <summary>Without tag and digest.</summary>
    public string Name => $"{Registry}/{Path}";

    /// <summary>As docker shows a name: without "docker.io/" and "library/".</summary>
    public string Familiar => Registry != DockerHub ? Name : Path.StartsWith("library/", StringComparison.Ordinal) ? Path["library/".Length..] : Path;

    /// <exception cref="ImageException">Not an image's name.</exception>
    public static ImageReference Parse(string text)
    {
        var rest = text.Trim();
        var match = Grammar().Match(rest);
        if (!match.Success)
        {
            throw new ImageException($"\"{text}\" is not an image name: {Why(rest)}. It must read [registry[:port]/]path[:tag][@sha256:…].", ImageExit.Usage);
        }

        var name = match.Groups["name"].Value;
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : name[..slash];
        var hasRegistry = first is "localhost" || first.AsSpan().ContainsAny('.', ':') || first.Any(char.IsUpper);
        var registry = hasRegistry ? first : DockerHub;
        var path = hasRegistry ? name[(slash + 1)..] : name;
        if (registry is "index.docker.io" or DockerHub)
        {
            registry = DockerHub;
            path = path.Contains('/', StringComparison.Ordinal) ? path : "library/" + path;
        }

        if (!PathGrammar().IsMatch(path))
        {
            throw new ImageException($"\"{text}\" is not an image name: {Why(path)}. It must read [registry[:port]/]path[:tag][@sha256:…].", ImageExit.Usage);
        }

        return new ImageReference(registry, path, NullIfEmpty(match.Groups["tag"].Value), NullIfEmpty(match.Groups["digest"].Value));
    }

    /// <param name="allowed">The operator's rules; none: everything is allowed.</param>
    /// <returns>Why nothing is pushed there, or null.</returns>
    public string? Refusal(IReadOnlyCollection<string> allowed) => allowed.Count == 0 || allowed.Any(IsCoveredBy) ? null
        : $"Pushing to {Name} is not allowed from this runner. Allowed: {string.Join(", ", allowed)} ([builder] allowed_repositories).";

    /// <summary>
    /// Does a rule of the operator cover the image? "registry", "registry/path" and everything below it, or a pattern with *: any text, also across '/' - but not from
    /// the registry into the path, or "*.example.com/team" would cover evil.io/a.example.com/team.
    /// </summary>
    public bool IsCoveredBy(string rule)
    {
        var clean = rule.TrimEnd('/');
        if (!clean.Contains('*', StringComparison.Ordinal))
        {
            return Name == clean || Name.StartsWith(clean + "/", StringComparison.Ordinal);
        }

        var slash = clean.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? Matches(Registry, clean) : Matches(Registry, clean.AsSpan(0, slash)) && Matches(Path, clean.AsSpan(slash + 1));
    }

    /// <summary>'*' stands for any text. Not Regex: a pattern made at run time brings its interpreter, half a megabyte.</summary>
    private static bool Matches(ReadOnlySpan<char> text, ReadOnlySpan<char> pattern)
    {
        var star = pattern.IndexOf('*');
        if (star < 0)
        {
            return text.SequenceEqual(pattern);
        }

        if (!text.StartsWith(pattern[..star]))
        {
            return false;
        }

        for (var at = star; at <= text.Length; at++)
        {
            if (Matches(text[at..], pattern[(star + 1)..]))
            {
                return true;
            }
        }

        return false;
    }

    private static string Why(string text) =>
        text.Length == 0 ? "it is empty (is a variable not set?)"
        : text.Any(char.IsWhiteSpace) ? "it holds a blank"
        : text.Contains("://", StringComparison.Ordinal) ? "it holds a scheme, which image names have not"
        : text.EndsWith(':') ? "its tag is empty (is a variable not set?)"
        : text.Contains("//", StringComparison.Ordinal) || text.StartsWith('/') ? "a part of its path is empty (is a variable not set?)"
        : text.Any(char.IsUpper) ? "its path must be lower case (CI_PROJECT_PATH_SLUG and CI_COMMIT_REF_SLUG are)"
        : text.IndexOf(':', Math.Max(0, text.IndexOf('/', StringComparison.Ordinal))) is >= 0 and var colon && text[colon..].Contains('/', StringComparison.Ordinal) ? "its tag holds a slash (use CI_COMMIT_REF_SLUG)"
        : "a character is not allowed";

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    [GeneratedRegex(@"^(?<name>[A-Za-z0-9][A-Za-z0-9._\-]*(?::[0-9]+(?=/))?(?:/[A-Za-z0-9._\-]+)*)(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}))?(?:@(?<digest>[a-z0-9]+:[0-9a-f]{32,}))?$", RegexOptions.CultureInvariant)]
    private static partial Regex Grammar();

    [GeneratedRegex(@"^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$", RegexOptions.CultureInvariant)]
    private static partial Regex PathGrammar();
}
