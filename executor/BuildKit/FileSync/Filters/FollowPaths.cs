using PodExecutor.BuildKit.FileSync.Disk;

namespace PodExecutor.BuildKit.FileSync.Filters;

/// <summary>
/// The paths that COPY and ADD name, and all that their symbolic links lead to, within the tree: a link's target is of no use without the link, nor the other way.
/// </summary>
internal sealed class FollowPaths
{
    private readonly string _root;

    private readonly SortedSet<string> _found = new(StringComparer.Ordinal);

    private FollowPaths(string root) => _root = root;

    /// <returns>Patterns, without those that are below another; null if one of them is the whole tree.</returns>
    public static IReadOnlyList<string>? Resolve(string root, IEnumerable<string> paths)
    {
        var resolver = new FollowPaths(root);
        foreach (var path in paths)
        {
            resolver.Follow(path);
        }

        return WithoutNested(resolver._found);
    }

    /// <returns>null if one of the paths is "." .</returns>
    public static IReadOnlyList<string>? WithoutNested(IEnumerable<string> sorted)
    {
        var kept = new List<string>();
        foreach (var path in sorted)
        {
            if (path == ".")
            {
                return null;
            }

            if (kept.Count == 0 || !path.StartsWith(kept[^1] + "/", StringComparison.Ordinal))
            {
                kept.Add(path);
            }
        }

        return kept;
    }

    private void Follow(string path)
    {
        // Rooted first, so that ".." at the start ends at the root instead of above it.
        var rest = GoPath.Clean("/" + path)[1..];
        var current = ".";
        while (true)
        {
            var slash = rest.IndexOf('/', StringComparison.Ordinal);
            current = GoPath.Join(current, slash < 0 ? rest : rest[..slash]);
            rest = slash < 0 ? "" : rest[(slash + 1)..];
            var targets = Targets(current);
            if ((rest.Length == 0 || targets.Count > 0) && !_found.Add(current))
            {
                return;
            }

            if (targets.Count > 0)
            {
                foreach (var target in targets)
                {
                    Follow(GoPath.Join(target, rest));
                }

                return;
            }

            if (rest.Length == 0)
            {
                return;
            }
        }
    }

    /// <summary>Where the links of this name, or of this pattern, lead.</summary>
    private List<string> Targets(string path)
    {
        var name = GoPath.Base(path);
        if (name.AsSpan().IndexOfAny("*?[") < 0)
        {
            return [.. Target(path)];
        }

        var folder = GoPath.Directory(path);
        Glob glob;
        try
        {
            glob = new Glob(name);
        }
        catch (FormatException)
        {
            return [];
        }

        try
        {
            return [.. DirectoryNames.Of(Path.Combine(_root, folder)).Where(entry => glob.Matches(entry)).SelectMany(entry => Target(GoPath.Join(folder, entry)))];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var full = Path.Combine(_root, folder);
            throw new LocalFileException(full, $"The folder {full} cannot be read: {error.Message} The build asks for {path} in it.", error);
        }
    }

    private IEnumerable<string> Target(string path)
    {
        if (NativeFile.Stat(Path.Combine(_root, path)) is { IsLink: true } && NativeFile.ReadLink(Path.Combine(_root, path)) is { } link)
        {
            yield return link.StartsWith('/') ? GoPath.Clean(link) : GoPath.Clean("/" + GoPath.Directory(path) + "/" + link);
        }
    }
}
