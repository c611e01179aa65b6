namespace PodExecutor.BuildKit.FileSync.Send;

/// <summary>The numbers that the daemon asks for files by: each entry's place in the sequence. A path is kept as its folder's number and its name.</summary>
internal sealed class SentPaths
{
    private const int Root = -1;

    private readonly Lock _lock = new();

    private readonly List<(int Folder, string Name)> _entries = [];

    /// <summary>Regular files that have not been asked for.</summary>
    private readonly List<bool> _wanted = [];

    /// <summary>Folders on the way down to the last entry.</summary>
    private readonly List<(string Path, int Number)> _way = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    public void Add(string path, bool isFolder, bool hasContent)
    {
        lock (_lock)
        {
            while (_way.Count > 0 && !IsBelow(path, _way[^1].Path))
            {
                _way.RemoveAt(_way.Count - 1);
            }

            var name = path[(path.LastIndexOf('/') + 1)..];
            if (isFolder)
            {
                _way.Add((path, _entries.Count));
                _entries.Add((_way.Count > 1 ? _way[^2].Number : Root, name));
            }
            else
            {
                _entries.Add((_way.Count > 0 ? _way[^1].Number : Root, name));
            }

            _wanted.Add(hasContent);
        }
    }

    /// <returns>null: there is no such file, or it was asked for already.</returns>
    public string? Take(uint number)
    {
        lock (_lock)
        {
            if (number >= _entries.Count || !_wanted[(int)number])
            {
                return null;
            }

            _wanted[(int)number] = false;
            var (folder, path) = _entries[(int)number];
            while (folder != Root)
            {
                path = _entries[folder].Name + "/" + path;
                folder = _entries[folder].Folder;
            }

            return path;
        }
    }

    private static bool IsBelow(string path, string folder) =>
        path.Length > folder.Length && path[folder.Length] == '/' && path.StartsWith(folder, StringComparison.Ordinal);
}
