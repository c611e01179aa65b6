using PodExecutor.BuildKit.FileSync.Filters;

namespace PodExecutor.BuildKit.FileSync.Disk;

/// <summary>
/// Walks a folder in the one order that the daemon accepts: depth first, the names of a folder by their UTF-8 bytes, a folder's content right after the folder.
/// Memory is that of the folders on the way down, not of the tree.
/// </summary>
internal sealed class LocalTree(string root, PathFilter filter)
{
    private readonly Stack<Folder> _folders = new();

    /// <exception cref="LocalFileException">A folder that is wanted cannot be read.</exception>
    public IEnumerable<TreeEntry> Walk()
    {
        _folders.Push(Open("", null, null, default) ?? throw new LocalFileException(root, $"The folder {root} is not there, or is no folder."));
        while (_folders.TryPeek(out var folder))
        {
            if (!folder.TryNext(out var name))
            {
                _folders.Pop();
                continue;
            }

            var path = folder.Path.Length == 0 ? name : folder.Path + "/" + name;
            if (NativeFile.Stat(Path.Combine(root, path)) is not { } stat)
            {
                RequireName(folder, name, path);
                continue;   // gone since the folder was read
            }

            var state = stat.IsDirectory ? filter.NewState() : folder.Scratch;
            var verdict = filter.Judge(path, stat.IsDirectory, folder.State, state);
            if (verdict == Verdict.SkipAll)
            {
                continue;
            }

            if (verdict == Verdict.Send)
            {
                foreach (var parent in _folders.Reverse().Where(parent => !parent.Sent))
                {
                    parent.Sent = true;
                    yield return new TreeEntry(parent.Path, parent.Stat);
                }

                yield return new TreeEntry(path, stat);
            }

            if (stat.IsDirectory && Open(path, state, verdict, stat) is { } below)
            {
                _folders.Push(below);
            }
        }
    }

    /// <summary>
    /// A name that is not UTF-8 cannot be told to the daemon: gRPC's strings are UTF-8. .NET shows U+FFFD for its bytes, and there is no such file. It is skipped
    /// only where the patterns want neither itself nor, of a folder, what may be in it.
    /// </summary>
    private void RequireName(Folder folder, string name, string path)
    {
        if (!name.Contains('\uFFFD', StringComparison.Ordinal))
        {
            return;
        }

        var full = Path.Combine(root, path);
        if (filter.Judge(path, isFolder: false, folder.State, folder.Scratch) == Verdict.Send)
        {
            throw new LocalFileException(full, $"The name of {full} is not UTF-8 (\uFFFD stands for the bytes that are not), and BuildKit takes no other. " +
                "Rename it, or exclude it in .dockerignore (? matches such a byte) if the build does not need it.");
        }

        if (filter.MaySendBelow(path, folder.Scratch) && DirectoryNames.IsFolder(Path.Combine(root, folder.Path), name))
        {
            throw new LocalFileException(full, $"The name of the folder {full} is not UTF-8 (\uFFFD stands for the bytes that are not), and BuildKit takes no other. " +
                "It is left out itself, but a pattern of .dockerignore (\"!\") or of COPY may want something below it. Rename it, or write the pattern so that it cannot match there.");
        }
    }

    /// <returns>null: gone, or not wanted and not readable.</returns>
    private Folder? Open(string path, PathFilter.FolderState? state, Verdict? verdict, FileStat stat)
    {
        var full = Path.Combine(root, path);
        try
        {
            return new Folder(path, DirectoryNames.Of(full), state, filter.NewState(), stat) { Sent = verdict is null or Verdict.Send };
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException) when (verdict == Verdict.Skip)
        {
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LocalFileException(full, $"The folder {full} cannot be read: {error.Message} Exclude it in .dockerignore if the build does not need it.", error);
        }
    }

    private sealed class Folder(string path, string[] names, PathFilter.FolderState? state, PathFilter.FolderState scratch, FileStat stat)
    {
        private int _next;

        public string Path { get; } = path;

        public PathFilter.FolderState? State { get; } = state;

        /// <summary>For entries that nothing is below.</summary>
        public PathFilter.FolderState Scratch { get; } = scratch;

        public FileStat Stat { get; } = stat;

        public bool Sent { get; set; }

        public bool TryNext(out string name)
        {
            name = _next < names.Length ? names[_next] : "";
            return _next++ < names.Length;
        }
    }
}

/// <param name="Path">Relative, with slashes.</param>
internal readonly record struct TreeEntry(string Path, FileStat Stat);
