using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Artifacts;

/// <summary>What a name on disk is, itself and not what a link leads to: .NET cannot tell a pipe, on which a reader hangs, from a file.</summary>
/// <param name="Mode">st_mode: type and permission bits.</param>
internal readonly record struct FileStatus(uint Mode, DateTime ModifiedUtc)
{
    public const uint TypeMask = 0xF000;
    public const uint Regular = 0x8000;
    public const uint Directory = 0x4000;
    public const uint Link = 0xA000;

    public uint Type => Mode & TypeMask;

    public bool IsDirectory => Type == Directory;

    public bool IsLink => Type == Link;

    public bool IsRegular => Type == Regular;

    /// <summary>null if there is no such name, or it cannot be reached.</summary>
    public static unsafe FileStatus? Of(string path)
    {
        // struct statx, linux/stat.h: stx_mode at 28, stx_mtime at 112; the same on every architecture.
        const int basicStats = 0x7ff;
        const int currentDirectory = -100;
        const int noFollow = 0x100;
        var buffer = stackalloc byte[256];
        return Libc.Statx(currentDirectory, path, noFollow, basicStats, buffer) == 0
            ? new FileStatus(*(ushort*)(buffer + 28), FromUnix(*(long*)(buffer + 112)))
            : null;
    }

    private static DateTime FromUnix(long seconds)
    {
        const long year9999 = 253402300799;
        return DateTime.UnixEpoch.AddSeconds(Math.Clamp(seconds, 0, year9999));
    }
}
