namespace PodExecutor.BuildKit.FileSync.Filters;

/// <summary>Go's rules for paths with slashes, in which BuildKit's patterns are written. Purely of text.</summary>
internal static class GoPath
{
    /// <summary>The shortest name of the same path: no "." and no "..", where that can be; "." for the empty one.</summary>
    public static string Clean(string path)
    {
        var rooted = path.StartsWith('/');
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part.Length == 0 || part == ".")
            {
                continue;
            }

            if (part != "..")
            {
                parts.Add(part);
            }
            else if (parts.Count > 0 && parts[^1] != "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (!rooted)
            {
                parts.Add(part);
            }
        }

        var joined = string.Join('/', parts);
        return rooted ? "/" + joined : joined.Length == 0 ? "." : joined;
    }

    public static string Join(params ReadOnlySpan<string> parts)
    {
        var joined = "";
        foreach (var part in parts)
        {
            if (part.Length > 0)
            {
                joined = joined.Length == 0 ? part : joined + "/" + part;
            }
        }

        return joined.Length == 0 ? "" : Clean(joined);
    }

    public static string Directory(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash < 0 ? "." : Clean(path[..(slash + 1)]);
    }

    public static string Base(string path) => path[(path.LastIndexOf('/') + 1)..];
}
