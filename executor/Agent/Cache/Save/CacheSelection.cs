using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Native;
using PodExecutor.Agent.Paths;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>Which names a cache section means, before what is below them.</summary>
internal sealed class CacheSelection(string workspace, CacheLog log)
{
    private readonly string _realWorkspace = RealPath.Of(workspace) ?? workspace;

    /// <summary>Relative to the workspace, by their real paths: a restore writes through no link.</summary>
    public async Task<IReadOnlyList<byte[]>> FindAsync(CacheItem item, CancellationToken cancel)
    {
        var walk = new GlobWalk(workspace, log.Warn);
        var tops = new HashSet<string>(StringComparer.Ordinal);
        foreach (var pattern in item.Paths)
        {
            if (!AddMatches(pattern, walk, tops, cancel))
            {
                log.Warn($"{pattern}: no matching files. Cache paths are relative to the build directory ({workspace}).");
            }
        }

        if (item.Untracked)
        {
            await AddUntrackedAsync(tops, cancel);
        }

        return [.. tops.Select(PathText.Encode)];
    }

    private bool AddMatches(string pattern, GlobWalk walk, HashSet<string> tops, CancellationToken cancel)
    {
        try
        {
            var found = Glob.Parse(pattern, workspace).Alternatives.SelectMany(a => walk.Tops(a, cancel)).Select(Real).OfType<string>().ToList();
            tops.UnionWith(found);
            return found.Count > 0;
        }
        catch (FormatException e)
        {
            log.Warn($"{pattern}: {e.Message}");
            return true;
        }
    }

    private async Task AddUntrackedAsync(HashSet<string> tops, CancellationToken cancel)
    {
        try
        {
            tops.UnionWith((await UntrackedFiles.ListAsync(workspace, cancel)).Select(p => p.TrimEnd('/')));
        }
        catch (ArtifactException e)
        {
            log.Warn($"untracked: {e.Message}");
        }
    }

    // The name itself may be a link, which is saved as one; those on the way are followed.
    private string? Real(string path)
    {
        var slash = path.LastIndexOf('/');
        if (slash < 0)
        {
            return path;
        }

        return RealPath.Of($"{_realWorkspace}/{path[..slash]}") is { } real && RealPath.IsWithin(real, _realWorkspace)
            ? $"{real[_realWorkspace.Length..]}/{path[(slash + 1)..]}".TrimStart('/')
            : null;
    }
}
