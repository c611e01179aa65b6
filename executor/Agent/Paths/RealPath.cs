namespace PodExecutor.Agent.Paths;

/// <summary>Where a path leads when all links in it are followed.</summary>
internal static class RealPath
{
    /// <summary>As in Linux: more links in one path are a loop.</summary>
    private const int MaxLinks = 40;

    /// <summary>null for a loop. Names that do not exist are kept as they are.</summary>
    /// <param name="path">Absolute.</param>
    public static string? Of(string path)
    {
        var pending = new Stack<string>(Segments(path).Reverse());
        var real = new List<string>();
        var links = 0;
        while (pending.TryPop(out var segment))
        {
            if (segment == "..")
            {
                real.RemoveRange(Math.Max(0, real.Count - 1), Math.Min(1, real.Count));
                continue;
            }

            var here = Join(real) + (real.Count == 0 ? "" : "/") + segment;
            if (FileStatus.Of(here) is not { IsLink: true } || new FileInfo(here).LinkTarget is not { } target)
            {
                real.Add(segment);
                continue;
            }

            if (++links > MaxLinks)
            {
                return null;
            }

            if (target.StartsWith('/'))
            {
                real.Clear();
            }

            foreach (var next in Segments(target).Reverse())
            {
                pending.Push(next);
            }
        }

        return Join(real);
    }

    /// <summary>True for the directory itself and everything below. Both absolute and without dots.</summary>
    public static bool IsWithin(string path, string directory) =>
        path == directory || path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string Join(List<string> segments) => "/" + string.Join('/', segments);

    private static IEnumerable<string> Segments(string path) =>
        path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(s => s != ".");
}
