using System.Runtime.InteropServices;
using System.Text;

namespace PodExecutor.Agent.Native;

/// <summary>
/// Everything below one directory, and nothing else: no path leads out of it and no link is followed on the way, whoever else changes
/// the tree meanwhile. Paths are relative bytes without NUL; an empty path is the directory itself.
/// </summary>
internal sealed unsafe class Beneath : IDisposable
{
    private readonly int _root;
    private readonly bool _hasOpenAt2;

    private Beneath(int root)
    {
        _root = root;
        _hasOpenAt2 = KernelHasOpenAt2(root);
    }

    /// <exception cref="FileCallException">It cannot be opened.</exception>
    public static Beneath Open(string absolute)
    {
        fixed (byte* path = Terminated(PathText.Encode(absolute)))
        {
            var fd = FileCalls.OpenAt(FileCalls.CurrentDirectory, path, FileCalls.PathOnly | FileCalls.IsDirectory | Libc.CloseOnExec, 0);
            return fd >= 0 ? new Beneath(fd) : throw FileCallException.Last(absolute);
        }
    }

    /// <exception cref="FileCallException">It is no directory, or a link leads there.</exception>
    public Beneath Below(ReadOnlySpan<byte> path) => new(OpenFile(path, FileCalls.PathOnly | FileCalls.IsDirectory));

    public void Dispose() => _ = Libc.Close(_root);

    /// <summary>A descriptor, which the caller closes.</summary>
    /// <exception cref="FileCallException">Also where a link is in the way (ELOOP).</exception>
    public int OpenFile(ReadOnlySpan<byte> path, int flags, uint mode = 0)
    {
        var fd = TryOpen(path, flags, mode);
        return fd >= 0 ? fd : throw FileCallException.Last(Show(path));
    }

    /// <summary>null if there is no such name.</summary>
    public FileStat? Stat(ReadOnlySpan<byte> path) => At(path, (directory, name) => StatAt(directory, name), out var found) ? found : null;

    public void MakeDirectory(ReadOnlySpan<byte> path, uint mode) =>
        Do(path, "cannot make the directory", (directory, name) => FileCalls.MakeDirectoryAt(directory, name, mode));

    public void Unlink(ReadOnlySpan<byte> path, bool isDirectory) =>
        Do(path, "cannot remove", (directory, name) => FileCalls.UnlinkAt(directory, name, isDirectory ? FileCalls.RemoveDirectory : 0));

    public void Symlink(ReadOnlySpan<byte> path, ReadOnlySpan<byte> target)
    {
        fixed (byte* to = Terminated(target))
        {
            var copy = (nint)to;
            Do(path, "cannot make the link", (directory, name) => FileCalls.SymlinkAt((byte*)copy, directory, name));
        }
    }

    /// <summary>Of the name itself, not of what a link leads to.</summary>
    public void SetOwnerAndTime(ReadOnlySpan<byte> path, (uint Uid, uint Gid)? owner, FileTime modified) => Do(path, "cannot set the time of", (directory, name) =>
    {
        if (owner is { } given)
        {
            _ = FileCalls.ChangeOwnerAt(directory, name, given.Uid, given.Gid, FileCalls.SymlinkNoFollow);
        }

        var times = stackalloc FileCalls.TimeSpec[2];
        Times(times, modified);
        return FileCalls.SetTimesAt(directory, name, times, FileCalls.SymlinkNoFollow);
    });

    /// <summary>A second name for a file; both below this directory.</summary>
    public void Link(ReadOnlySpan<byte> existing, ReadOnlySpan<byte> path)
    {
        var source = Parent(existing, out var sourceName);
        try
        {
            fixed (byte* from = Terminated(sourceName))
            {
                var copy = (nint)from;
                Do(path, "cannot link", (directory, name) => FileCalls.LinkAt(source, (byte*)copy, directory, name, 0));
            }
        }
        finally
        {
            _ = Libc.Close(source);
        }
    }

    /// <summary>Takes what is in the way, if it is no directory.</summary>
    /// <exception cref="FileCallException">Also EXDEV, if they are on different file systems.</exception>
    public void MoveTo(ReadOnlySpan<byte> path, Beneath other, ReadOnlySpan<byte> newPath)
    {
        var source = Parent(path, out var sourceName);
        try
        {
            fixed (byte* from = Terminated(sourceName))
            {
                var copy = (nint)from;
                other.Do(newPath, "cannot move to", (directory, name) => FileCalls.RenameAt(source, (byte*)copy, directory, name));
            }
        }
        finally
        {
            _ = Libc.Close(source);
        }
    }

    public byte[]? ReadLink(ReadOnlySpan<byte> path)
    {
        const int most = 4096;
        byte[]? target = null;
        _ = At(path, (directory, name) =>
        {
            var buffer = stackalloc byte[most];
            var length = FileCalls.ReadLinkAt(directory, name, buffer, most);
            target = length is > 0 and < most ? new ReadOnlySpan<byte>(buffer, (int)length).ToArray() : null;
            return (FileStat?)null;
        }, out _);
        return target;
    }

    /// <summary>Bytes that may still be written here.</summary>
    public ulong FreeBytes()
    {
        // struct statvfs: f_frsize at 8, f_bavail at 32, on 64-bit Linux.
        var buffer = stackalloc byte[256];
        var fd = OpenFile([], FileCalls.ReadOnly | FileCalls.IsDirectory);
        var result = FileCalls.FileSystem(fd, buffer);
        _ = Libc.Close(fd);
        return result == 0 ? *(ulong*)(buffer + 8) * *(ulong*)(buffer + 32) : ulong.MaxValue;
    }

    internal static void Times(FileCalls.TimeSpec* times, FileTime modified)
    {
        times[0] = times[1] = new FileCalls.TimeSpec { Seconds = modified.Seconds, Nanoseconds = modified.Nanoseconds };
    }

    private static FileStat? StatAt(int directory, byte* name)
    {
        var buffer = stackalloc byte[FileStat.Length];
        return FileCalls.Statx(directory, name, FileCalls.SymlinkNoFollow | (*name == 0 ? FileCalls.EmptyPath : 0), FileStat.Wanted, buffer) == 0 ? FileStat.Read(buffer) : null;
    }

    private delegate int NameCall(int directory, byte* name);

    private delegate FileStat? NameQuestion(int directory, byte* name);

    private void Do(ReadOnlySpan<byte> path, string what, NameCall call)
    {
        var parent = Parent(path, out var last);
        try
        {
            fixed (byte* name = Terminated(last))
            {
                if (call(parent, name) != 0)
                {
                    throw FileCallException.Last($"{what} {Show(path)}");
                }
            }
        }
        finally
        {
            _ = Libc.Close(parent);
        }
    }

    private bool At(ReadOnlySpan<byte> path, NameQuestion question, out FileStat found)
    {
        found = default;
        var slash = path.LastIndexOf((byte)'/');
        var parent = TryOpen(slash < 0 ? [] : path[..slash], FileCalls.PathOnly | FileCalls.IsDirectory, 0);
        if (parent < 0)
        {
            return false;
        }

        try
        {
            fixed (byte* name = Terminated(path[(slash + 1)..]))
            {
                if (question(parent, name) is not { } stat)
                {
                    return false;
                }

                found = stat;
                return true;
            }
        }
        finally
        {
            _ = Libc.Close(parent);
        }
    }

    private int Parent(ReadOnlySpan<byte> path, out ReadOnlySpan<byte> name)
    {
        var slash = path.LastIndexOf((byte)'/');
        name = path[(slash + 1)..];
        return OpenFile(slash < 0 ? [] : path[..slash], FileCalls.PathOnly | FileCalls.IsDirectory);
    }

    private int TryOpen(ReadOnlySpan<byte> path, int flags, uint mode)
    {
        flags |= Libc.CloseOnExec | FileCalls.NoFollow;
        if (!_hasOpenAt2)
        {
            return OpenStepByStep(path, flags, mode);
        }

        var buffer = stackalloc byte[path.Length + 2];
        Terminate(path.IsEmpty ? "."u8 : path, buffer);
        var how = new FileCalls.OpenHow { Flags = (ulong)flags, Mode = mode, Resolve = FileCalls.ResolveBeneathWithoutLinks };
        while (true)
        {
            // EAGAIN: somebody renamed something meanwhile, and the kernel could not be sure.
            var fd = (int)FileCalls.SystemCall(FileCalls.OpenAt2, _root, buffer, &how, sizeof(FileCalls.OpenHow));
            if (fd >= 0 || Marshal.GetLastPInvokeError() is not (FileCalls.TryAgain or Libc.Interrupted))
            {
                return fd;
            }
        }
    }

    // Kernels before 5.6, and sandboxes that do not know openat2.
    private int OpenStepByStep(ReadOnlySpan<byte> path, int flags, uint mode)
    {
        var here = _root;
        var buffer = stackalloc byte[path.Length + 2];
        while (true)
        {
            var slash = path.IndexOf((byte)'/');
            Terminate(path.IsEmpty ? "."u8 : slash < 0 ? path : path[..slash], buffer);
            var next = slash < 0
                ? FileCalls.OpenAt(here, buffer, flags, mode)
                : FileCalls.OpenAt(here, buffer, FileCalls.PathOnly | FileCalls.IsDirectory | FileCalls.NoFollow | Libc.CloseOnExec, 0);
            var errno = Marshal.GetLastPInvokeError();
            if (here != _root)
            {
                _ = Libc.Close(here);
            }

            Marshal.SetLastPInvokeError(errno);
            if (next < 0 || slash < 0)
            {
                return next;
            }

            here = next;
            path = path[(slash + 1)..];
        }
    }

    private static bool KernelHasOpenAt2(int root)
    {
        var dot = stackalloc byte[] { (byte)'.', 0 };
        var how = new FileCalls.OpenHow { Flags = FileCalls.PathOnly | Libc.CloseOnExec, Resolve = FileCalls.ResolveBeneathWithoutLinks };
        var fd = (int)FileCalls.SystemCall(FileCalls.OpenAt2, root, dot, &how, sizeof(FileCalls.OpenHow));
        return fd >= 0 && Libc.Close(fd) == 0;
    }

    private static byte[] Terminated(ReadOnlySpan<byte> path) => [.. path, 0];

    private static void Terminate(ReadOnlySpan<byte> path, byte* buffer)
    {
        path.CopyTo(new Span<byte>(buffer, path.Length));
        buffer[path.Length] = 0;
    }

    private static string Show(ReadOnlySpan<byte> path) => path.IsEmpty ? "." : string.Concat(Encoding.UTF8.GetString(path).Select(c => char.IsControl(c) ? '?' : c));
}
