using Grpc.Core;
using PodExecutor.BuildKit.FileSync.Disk;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Receive;

/// <summary>
/// Writes a tree into a folder, with its modes and times; owners are those of whoever runs this. The paths come from the build: nothing is
/// written outside the folder, and through no link that was there before.
/// </summary>
internal sealed class TreeWriter
{
    private readonly string _root;

    /// <summary>Folders that this has made, or has seen to be real ones. Nothing is written into any other.</summary>
    private readonly HashSet<string> _folders = [""];

    private readonly Stack<Stat> _foldersToFinish = new();

    public TreeWriter(string root)
    {
        _root = Path.GetFullPath(root);
        Directory.CreateDirectory(_root);
    }

    /// <summary>Takes an entry of the tree.</summary>
    /// <returns>true: it is a file whose content must come.</returns>
    public bool Add(Stat stat)
    {
        var path = PathOf(stat.Path);
        var existing = NativeFile.Stat(path);
        var type = stat.Mode & GoFileMode.TypeMask;
        if (type == GoFileMode.Directory)
        {
            if (existing is not { IsDirectory: true })
            {
                Remove(path, existing);
                Directory.CreateDirectory(path);
            }

            _folders.Add(stat.Path);
            _foldersToFinish.Push(stat);
            return false;
        }

        Remove(path, existing);
        if (type == GoFileMode.Link)
        {
            File.CreateSymbolicLink(path, stat.Linkname);
            NativeTree.SetTime(path, stat.ModTime);
            return false;
        }

        if (stat.Linkname.Length > 0)
        {
            NativeTree.HardLink(PathOf(stat.Linkname), path);
            return false;
        }

        if (type != 0)
        {
            NativeTree.MakeNode(path, stat.Mode, (uint)stat.Devmajor, (uint)stat.Devminor);
            Finish(stat);
            return false;
        }

        // At once, and not when its content comes: a hard link to it may be told before.
        File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write).Dispose();
        return true;
    }

    /// <summary>Opens the empty file of an entry that <see cref="Add"/> was true for.</summary>
    public FileStream Open(Stat stat) => new(PathOf(stat.Path), FileMode.Open, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>The file's content is there: its mode and time.</summary>
    public void Finish(Stat stat)
    {
        var path = PathOf(stat.Path);
        ExtendedAttributes.Write(path, stat.Xattrs);
        File.SetUnixFileMode(path, (UnixFileMode)GoFileMode.ToPosixPermissions(stat.Mode));
        NativeTree.SetTime(path, stat.ModTime);
    }

    /// <summary>Folders get their modes and times when nothing more is written into them, the deepest first.</summary>
    public void Complete()
    {
        while (_foldersToFinish.TryPop(out var stat))
        {
            Finish(stat);
        }
    }

    private string PathOf(string path)
    {
        var slash = path.LastIndexOf('/');
        var folder = slash < 0 ? "" : path[..slash];
        var name = path[(slash + 1)..];
        if (slash == 0 || name is "" or "." or ".." || name.Contains('\0', StringComparison.Ordinal) || !_folders.Contains(folder))
        {
            throw new SessionFault(StatusCode.InvalidArgument, $"the path \"{path}\" is not taken: it leads out of the folder, or its own folder was not told of");
        }

        return Path.Combine(_root, path);
    }

    private static void Remove(string path, FileStat? existing)
    {
        if (existing is { IsDirectory: true })
        {
            Directory.Delete(path, recursive: true);
        }
        else if (existing is not null)
        {
            File.Delete(path);
        }
    }
}
