using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Native;
using PodExecutor.Agent.Paths;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>Where a cache section lets a restore write: what its globs match and what is below; for <c>untracked</c>, what git does not track.</summary>
internal sealed class DeclaredPaths
{
    private readonly List<GlobSegment[]> _patterns = [];
    private readonly HashSet<string>? _tracked;
    private readonly Dictionary<string, bool> _directories = new(StringComparer.Ordinal);

    private DeclaredPaths(HashSet<string>? tracked) => _tracked = tracked;

    public static async Task<DeclaredPaths> OfAsync(string workspace, CacheItem item, CacheLog log, CancellationToken cancel)
    {
        var declared = new DeclaredPaths(item.Untracked ? await TrackedAsync(workspace, log, cancel) : null);
        foreach (var pattern in item.Paths)
        {
            try
            {
                foreach (var alternative in Glob.Parse(pattern, workspace).Alternatives)
                {
                    declared._patterns.Add(alternative);
                    declared._patterns.AddRange(Real(workspace, alternative));
                }
            }
            catch (FormatException e)
            {
                log.Warn($"{pattern}: {e.Message}");
            }
        }

        return declared;
    }

    /// <summary>Everything below the workspace: for callers who were given no paths.</summary>
    public static DeclaredPaths Everything()
    {
        var everything = new DeclaredPaths(null);
        everything._patterns.Add([new GlobSegment("**")]);
        return everything;
    }

    public bool Contains(ReadOnlySpan<byte> path) => Contains(PathText.Decode(path));

    private bool Contains(string path)
    {
        var slash = path.LastIndexOf('/');
        return (slash > 0 && IsDirectoryDeclared(path[..slash])) || _patterns.Exists(p => Glob.Matches(p, path)) || IsUntracked(path);
    }

    private bool IsDirectoryDeclared(string path)
    {
        if (!_directories.TryGetValue(path, out var declared))
        {
            var slash = path.LastIndexOf('/');
            declared = _patterns.Exists(p => Glob.Matches(p, path)) || (slash > 0 && IsDirectoryDeclared(path[..slash]));
            _directories.Add(path, declared);
        }

        return declared;
    }

    // Sources and git's own files are no business of a cache.
    private bool IsUntracked(string path) =>
        _tracked is not null && !_tracked.Contains(path) && path != ".git" && !path.StartsWith(".git/", StringComparison.Ordinal);

    private static async Task<HashSet<string>?> TrackedAsync(string workspace, CacheLog log, CancellationToken cancel)
    {
        try
        {
            return (await UntrackedFiles.ListTrackedAsync(workspace, cancel)).ToHashSet(StringComparer.Ordinal);
        }
        catch (ArtifactException e)
        {
            log.Warn($"untracked: {e.Message}");
            return null;
        }
    }

    // A pattern that goes through a link of the repository: the cache has the real paths.
    private static IEnumerable<GlobSegment[]> Real(string workspace, GlobSegment[] pattern)
    {
        var literals = pattern.TakeWhile(s => s.Literal is not null).Count();
        var last = literals == pattern.Length ? literals - 1 : literals;
        for (var count = last; count > 0; count--)
        {
            var given = string.Join('/', pattern.Take(count).Select(s => s.Literal));
            var root = RealPath.Of(workspace) ?? workspace;
            if (RealPath.Of($"{root}/{given}") is not { } real || real == $"{root}/{given}" || !RealPath.IsWithin(real, root))
            {
                continue;
            }

            var names = real[root.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries);
            return [[.. names.Select(GlobSegment.Of), .. pattern.Skip(count)]];
        }

        return [];
    }
}
