using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Paths;

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
        var buffer = stackalloc byte[FileStat.Length];
        fixed (byte* name = (byte[])[.. PathText.Encode(path), 0])
        {
            if (FileCalls.Statx(FileCalls.CurrentDirectory, name, FileCalls.SymlinkNoFollow, FileStat.Wanted, buffer) != 0)
            {
                return null;
            }
        }

        var stat = FileStat.Read(buffer);
        return new FileStatus(stat.Mode, FromUnix(stat.Modified.Seconds));
    }

    private static DateTime FromUnix(long seconds)
    {
        const long year9999 = 253402300799;
        return DateTime.UnixEpoch.AddSeconds(Math.Clamp(seconds, 0, year9999));
    }
}
