using System.Text;

namespace PodExecutor.Cache;

/// <summary>The rules for an entry's path: bytes as Linux has them, below the workspace by their form alone.</summary>
public static class EntryPath
{
    /// <summary>Why the path is refused; null if it is not.</summary>
    public static string? Fault(ReadOnlySpan<byte> path)
    {
        if (path.Length is 0 or > ManifestLimits.MaxPath)
        {
            return path.IsEmpty ? "it is empty" : "it is too long";
        }

        if (path[0] == '/')
        {
            return "it is absolute";
        }

        if (path.Contains((byte)0))
        {
            return "it holds a NUL";
        }

        foreach (var part in path.Split((byte)'/'))
        {
            var fault = path[part] switch
            {
                [] => "it holds an empty name",
                [(byte)'.'] or [(byte)'.', (byte)'.'] => "it holds dots for a name",
                { Length: > ManifestLimits.MaxName } => "it holds a name that is too long",
                _ => null,
            };
            if (fault is not null)
            {
                return fault;
            }
        }

        return null;
    }

    /// <summary>For people: one line, whatever the bytes are.</summary>
    public static string Show(ReadOnlySpan<byte> path)
    {
        const int most = 120;
        var text = Encoding.UTF8.GetString(path.Length > most ? path[..most] : path);
        return string.Concat(text.Select(c => char.IsControl(c) ? '?' : c)) + (path.Length > most ? "…" : "");
    }
}
