using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>What every kind of archive tells of a name, apart from content.</summary>
internal readonly record struct NameAttributes(uint Mode, uint Uid, uint Gid, FileTime Modified)
{
    public static NameAttributes Of(in FileStat stat) => new(stat.Permissions, stat.Uid, stat.Gid, stat.Modified);
}

/// <summary>
/// A tree that is written beside its place and moved there when it is whole. What is written first goes through no link, since links are
/// made last; whatever fails leaves the workspace as it was.
/// </summary>
internal sealed unsafe class RestoreTree : IDisposable
{
    /// <summary>Of a file: without setuid, setgid and sticky, which a cache of another job must not bring.</summary>
    private const uint FilePermissions = 0x1FF;

    private const uint UntilFinished = 0x1C0;
    private const uint Everyone = 0x1FF;

    private readonly Beneath _workspace;
    private readonly Beneath _stage;
    private readonly byte[] _name;
    private readonly bool _ownsAll = Libc.GetUid() == 0;
    private readonly (uint Uid, uint Gid) _self = (Libc.GetUid(), Libc.GetGid());
    private readonly HashSet<string> _directories = new(StringComparer.Ordinal);
    private readonly List<(byte[] Path, NameAttributes Attributes)> _finish = [];
    private readonly List<(byte[] Path, byte[] Target, NameAttributes Attributes)> _links = [];
    private readonly List<(byte[] Path, byte[] Target)> _hardLinks = [];

    private RestoreTree(Beneath workspace, byte[] name)
    {
        (_workspace, _name) = (workspace, name);
        workspace.MakeDirectory(name, UntilFinished);
        _stage = workspace.Below(name);
        _stage.MakeDirectory("new"u8, UntilFinished);
    }

    /// <summary>Also removes what a restore that was killed left there.</summary>
    /// <exception cref="FileCallException">The workspace is not writable.</exception>
    public static RestoreTree Begin(Beneath workspace)
    {
        var fd = workspace.OpenFile([], FileCalls.ReadOnly | FileCalls.IsDirectory);
        var names = DirectoryNames.Of(fd);
        _ = Libc.Close(fd);
        foreach (var left in names.Where(n => StageName.Is(n)))
        {
            TreeRemoval.Remove(workspace, left);
        }

        return new RestoreTree(workspace, StageName.New());
    }

    /// <summary>For content that waits in a file until it can be read.</summary>
    public Beneath Stage => _stage;

    public void Directory(byte[] path, in NameAttributes attributes)
    {
        MakeDirectories(path, UntilFinished);
        _finish.Add((path, attributes));
    }

    public void Symlink(byte[] path, byte[] target, in NameAttributes attributes)
    {
        MakeParents(path);
        _links.Add((path, target, attributes));
    }

    /// <param name="existing">A file of this tree.</param>
    public void HardLink(byte[] path, byte[] existing)
    {
        MakeParents(path);
        _hardLinks.Add((path, existing));
    }

    public void MakeParents(ReadOnlySpan<byte> path)
    {
        var slash = path.LastIndexOf((byte)'/');
        if (slash > 0)
        {
            MakeDirectories(path[..slash], Everyone);
        }
    }

    /// <summary>Opens a file for writing; its parents are there. Thread-safe.</summary>
    /// <param name="isNew">False for another piece of a file that may have been begun.</param>
    public int OpenFile(ReadOnlySpan<byte> path, bool isNew) =>
        _stage.OpenFile(Within(path), FileCalls.WriteOnly | FileCalls.Create | (isNew ? FileCalls.Exclusive : 0), 0x180);

    /// <summary>Size, owner, mode and time, when the content is there. Thread-safe.</summary>
    /// <param name="size">The file's, or -1 if it has no hole at its end.</param>
    public FileStat FinishFile(int fd, in NameAttributes attributes, long size)
    {
        if (size >= 0 && FileCalls.Truncate(fd, size) != 0)
        {
            throw FileCallException.Last("cannot set the size");
        }

        Attributes(fd, attributes, attributes.Mode & FilePermissions);
        return Save.FileReading.Stat(fd);
    }

    public static void Write(int fd, ReadOnlySpan<byte> content, long offset)
    {
        fixed (byte* bytes = content)
        {
            for (var done = 0; done < content.Length;)
            {
                var count = FileCalls.WriteAt(fd, bytes + done, content.Length - done, offset + done);
                if (count < 0)
                {
                    var errno = System.Runtime.InteropServices.Marshal.GetLastPInvokeError();
                    done += errno == Libc.Interrupted ? 0 : throw new FileCallException("cannot write", errno);
                    continue;
                }

                done += (int)count;
            }
        }
    }

    /// <summary>All files are written: makes the links and moves everything to its place, or nothing.</summary>
    /// <returns>Names that were moved by themselves, not with their directory; Latin-1.</returns>
    /// <exception cref="CacheRefusedException">Something is in the way.</exception>
    public IReadOnlySet<string> Place()
    {
        foreach (var (path, existing) in _hardLinks)
        {
            _stage.Link(Within(existing), Within(path));
        }

        foreach (var (path, target, attributes) in _links)
        {
            _stage.Symlink(Within(path), target);
            _stage.SetOwnerAndTime(Within(path), _ownsAll ? (attributes.Uid, attributes.Gid) : null, attributes.Modified);
        }

        using var made = _stage.Below("new"u8);
        var placement = new Placement(_workspace, _stage, made);
        placement.Run();

        // From below: each name made in a directory changes its time, and it may forbid writing.
        foreach (var (path, attributes) in _finish.OrderByDescending(f => f.Path.Length))
        {
            Finish(path, attributes);
        }

        return placement.MovedNames;
    }

    /// <summary>What a name in the workspace is now.</summary>
    public FileStat? StatPlaced(ReadOnlySpan<byte> path) => _workspace.Stat(path);

    public void Dispose()
    {
        _stage.Dispose();
        TreeRemoval.Remove(_workspace, _name);
    }

    private static byte[] Within(ReadOnlySpan<byte> path) => [.. "new/"u8, .. path];

    private void MakeDirectories(ReadOnlySpan<byte> path, uint mode)
    {
        var text = System.Text.Encoding.Latin1.GetString(path);
        if (_directories.Contains(text))
        {
            return;
        }

        MakeParents(path);
        _stage.MakeDirectory(Within(path), mode);
        _directories.Add(text);
    }

    private void Finish(byte[] path, in NameAttributes attributes)
    {
        try
        {
            var fd = _workspace.OpenFile(path, FileCalls.ReadOnly | FileCalls.IsDirectory);
            Attributes(fd, attributes, attributes.Mode);
            _ = Libc.Close(fd);
        }
        catch (FileCallException)
        {
            // It was there before and belongs to another user; its contents could be written.
        }
    }

    private void Attributes(int fd, in NameAttributes attributes, uint mode)
    {
        // Without the right to give files away they are this user's, as after any unpacking.
        if (_ownsAll && (attributes.Uid, attributes.Gid) != _self)
        {
            _ = Libc.ChangeOwner(fd, attributes.Uid, attributes.Gid);
        }

        _ = FileCalls.ChangeMode(fd, mode);
        var times = stackalloc FileCalls.TimeSpec[2];
        Beneath.Times(times, attributes.Modified);
        _ = FileCalls.SetTimes(fd, times);
    }
}
