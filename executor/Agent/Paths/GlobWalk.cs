using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Paths;

/// <summary>Finds what a pattern matches on disk, without reading directories that cannot hold a match.</summary>
/// <param name="root">Absolute.</param>
/// <param name="report">Told of directories that cannot be read.</param>
internal sealed class GlobWalk(string root, Action<string> report)
{
    private readonly string _realRoot = RealPath.Of(root) ?? root;

    /// <summary>Paths relative to the root, each with everything below it; a directory comes before its contents. May repeat itself.</summary>
    public IEnumerable<string> Find(GlobSegment[] pattern, CancellationToken cancel) => Tops(pattern, cancel).SelectMany(top => Tree(top, cancel));

    /// <summary>What the pattern matches by itself, without what is below; empty for the root. May repeat itself.</summary>
    public IEnumerable<string> Tops(GlobSegment[] pattern, CancellationToken cancel)
    {
        var seen = new HashSet<(string, int)>();
        var open = new Stack<(string Directory, int Segment)>([("", 0)]);
        while (open.TryPop(out var place))
        {
            cancel.ThrowIfCancellationRequested();
            if (!seen.Add(place))
            {
                continue;
            }

            if (place.Segment == pattern.Length)
            {
                yield return place.Directory;
                continue;
            }

            foreach (var next in Steps(place.Directory, pattern, place.Segment))
            {
                open.Push(next);
            }
        }
    }

    private IEnumerable<(string, int)> Steps(string directory, GlobSegment[] pattern, int at)
    {
        var segment = pattern[at];
        var isLast = at + 1 == pattern.Length;
        if (segment.IsDoubleStar)
        {
            // ** does not follow links: they may lead in circles, and what they lead to is found under its own name.
            return [(directory, at + 1), .. isLast ? [] : Names(directory).Where(n => StatusOf(n) is { IsDirectory: true }).Select(n => (n, at))];
        }

        var names = segment.Literal is { } literal
            ? [Below(directory, literal)]
            : Names(directory).Where(n => segment.Matches(Path.GetFileName(n)));
        return names.Where(n => isLast ? StatusOf(n) is not null : IsEnterable(n)).Select(n => (n, at + 1));
    }

    private IEnumerable<string> Tree(string top, CancellationToken cancel)
    {
        var open = new Stack<string>([top]);
        while (open.TryPop(out var path))
        {
            cancel.ThrowIfCancellationRequested();
            if (path.Length > 0)
            {
                yield return path;
            }

            if (path.Length == 0 || StatusOf(path) is { IsDirectory: true })
            {
                foreach (var child in Names(path))
                {
                    open.Push(child);
                }
            }
        }
    }

    // A link that the pattern itself names is followed while it stays inside: a job must not pick up the helper's own files.
    private bool IsEnterable(string path) => StatusOf(path) switch
    {
        { IsDirectory: true } => true,
        { IsLink: true } => RealPath.Of(Absolute(path)) is { } real && RealPath.IsWithin(real, _realRoot) && FileStatus.Of(real) is { IsDirectory: true },
        _ => false,
    };

    private List<string> Names(string directory)
    {
        try
        {
            return [.. DirectoryNames.Of(Absolute(directory)).Select(n => Below(directory, PathText.Decode(n)))];
        }
        catch (FileCallException e)
        {
            report($"{(directory.Length == 0 ? "." : directory)}: the directory cannot be read: {e.Message}");
            return [];
        }
    }

    private FileStatus? StatusOf(string path) => FileStatus.Of(Absolute(path));

    private string Absolute(string path) => path.Length == 0 ? root : root + "/" + path;

    private static string Below(string directory, string name) => directory.Length == 0 ? name : directory + "/" + name;
}
