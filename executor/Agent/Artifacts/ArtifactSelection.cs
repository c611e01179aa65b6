using PodExecutor.Agent.Native;
using PodExecutor.Agent.Paths;

namespace PodExecutor.Agent.Artifacts;

/// <summary>What a job wants kept.</summary>
internal sealed record SelectionRequest(IReadOnlyList<string> Paths, IReadOnlyList<string> Exclude, bool Untracked);

/// <summary>A name below the build directory, relative, with slashes.</summary>
internal readonly record struct SelectedFile(string Path, FileStatus Status);

/// <summary>Turns a job's patterns into files, in the words of gitlab-runner's log. Trouble with one pattern is a warning, never a failure.</summary>
internal sealed class ArtifactSelection(RunnerContext context)
{
    private readonly SortedDictionary<string, FileStatus> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _excluded = new(StringComparer.Ordinal);

    /// <summary>In the order of their names.</summary>
    public async Task<IReadOnlyList<SelectedFile>> FindAsync(SelectionRequest request, CancellationToken cancel)
    {
        var excludes = request.Exclude.Select(Parse).OfType<Glob>().ToList();
        foreach (var path in request.Paths)
        {
            if (Parse(path) is { } glob)
            {
                AddMatches(glob, excludes, cancel);
            }
        }

        if (request.Untracked)
        {
            await AddUntrackedAsync(excludes, cancel);
        }

        foreach (var (pattern, count) in _excluded)
        {
            context.Info($"{pattern}: excluded {count} files");
        }

        return WithoutCoveredLinks();
    }

    private Glob? Parse(string pattern)
    {
        try
        {
            return Glob.Parse(pattern, context.Directory);
        }
        catch (FormatException e)
        {
            context.Warn($"{pattern}: {e.Message}");
            return null;
        }
    }

    private void AddMatches(Glob glob, List<Glob> excludes, CancellationToken cancel)
    {
        var walk = new GlobWalk(context.Directory, context.Warn);
        var found = glob.Alternatives.SelectMany(a => walk.Find(a, cancel)).Distinct(StringComparer.Ordinal).Count(p => Add(p, excludes));
        if (found > 0)
        {
            context.Info($"{glob.Text}: found {found} matching artifact files and directories");
        }
        else
        {
            context.Warn($"{glob.Text}: no matching files. Ensure that the artifact path is relative to the working directory ({context.Directory})");
        }
    }

    private async Task AddUntrackedAsync(List<Glob> excludes, CancellationToken cancel)
    {
        try
        {
            var found = (await UntrackedFiles.ListAsync(context.Directory, cancel)).Count(p => Add(p.TrimEnd('/'), excludes));
            if (found > 0)
            {
                context.Info($"untracked: found {found} files");
            }
            else
            {
                context.Warn("untracked: no files");
            }
        }
        catch (ArtifactException e)
        {
            context.Warn($"untracked: {e.Message}");
        }
    }

    private bool Add(string path, List<Glob> excludes)
    {
        if (excludes.Find(e => e.Matches(path)) is { } exclude)
        {
            _excluded[exclude.Text] = _excluded.GetValueOrDefault(exclude.Text) + 1;
            return false;
        }

        if (!PathText.IsUtf8(path) || path.Contains('\uFFFD', StringComparison.Ordinal))
        {
            context.Warn($"{path}: its name is not UTF-8, so it cannot be an artifact. Rename it.");
            return false;
        }

        if (FileStatus.Of(context.Directory + "/" + path) is { } status)
        {
            _files[path] = status;
            return true;
        }

        return false;
    }

    // "link" and "link/file" in one archive could not be unpacked: the link gives way to the directory that it stands for.
    private List<SelectedFile> WithoutCoveredLinks()
    {
        var parents = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in _files.Keys)
        {
            for (var slash = path.LastIndexOf('/'); slash > 0 && parents.Add(path[..slash]); slash = path.LastIndexOf('/', slash - 1))
            {
            }
        }

        return [.. _files.Where(f => !(f.Value.IsLink && parents.Contains(f.Key))).Select(f => new SelectedFile(f.Key, f.Value))];
    }
}
