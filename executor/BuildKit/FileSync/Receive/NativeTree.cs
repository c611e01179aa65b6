using System.Runtime.InteropServices;
using PodExecutor.BuildKit.FileSync.Disk;

namespace PodExecutor.BuildKit.FileSync.Receive;

/// <summary>The system calls for what .NET cannot make: hard links, pipes, devices, times to the nanosecond.</summary>
internal static unsafe partial class NativeTree
{
    private const int CurrentDirectory = -100;

    /// <exception cref="LocalFileException">It cannot be made.</exception>
    public static void HardLink(string existing, string path)
    {
        if (Link(existing, path) != 0)
        {
            throw NativeFile.Failure(path, $"cannot be made a link to {existing}", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>A named pipe or a device.</summary>
    /// <exception cref="LocalFileException">It cannot be made: devices need root.</exception>
    public static void MakeNode(string path, uint goMode, uint major, uint minor)
    {
        var type = (goMode & GoFileMode.NamedPipe) != 0 ? FileStat.Fifo
            : (goMode & GoFileMode.CharDevice) != 0 ? FileStat.Character
            : FileStat.Block;
        // glibc's makedev
        var device = ((ulong)(major & 0xfffff000) << 32) | ((major & 0xfffu) << 8) | ((ulong)(minor & 0xffffff00) << 12) | (minor & 0xffu);
        if (Mknod(path, type | GoFileMode.ToPosixPermissions(goMode), device) != 0)
        {
            throw NativeFile.Failure(path, "(a pipe or device of the build's result) cannot be made", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>The time of the last change, of a link itself; as far as the file system allows.</summary>
    public static void SetTime(string path, long nanoseconds)
    {
        const long perSecond = 1_000_000_000;
        const int noFollow = 0x100;
        var seconds = Math.DivRem(nanoseconds, perSecond, out var rest);
        if (rest < 0)
        {
            (seconds, rest) = (seconds - 1, rest + perSecond);
        }

        var times = stackalloc long[] { seconds, rest, seconds, rest };
        _ = Utimensat(CurrentDirectory, path, times, noFollow);
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Link(string existing, string path);

    [LibraryImport("libc", EntryPoint = "mknod", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Mknod(string path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "utimensat", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Utimensat(int directory, string path, long* times, int flags);
}
