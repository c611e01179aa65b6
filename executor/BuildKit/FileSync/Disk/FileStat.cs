namespace PodExecutor.BuildKit.FileSync.Disk;

/// <param name="Mode">POSIX st_mode: type and permission bits.</param>
/// <param name="ModifiedNanoseconds">Since 1970.</param>
/// <param name="Device">Major and minor number of the device that this is; not of the one that it is on.</param>
/// <param name="FileSystem">Together with the inode: the file's identity.</param>
internal readonly record struct FileStat(
    uint Mode,
    uint Links,
    uint Uid,
    uint Gid,
    ulong Inode,
    long Size,
    long ModifiedNanoseconds,
    (uint Major, uint Minor) Device,
    (uint Major, uint Minor) FileSystem)
{
    public const int StatxSize = 256;

    public const uint TypeMask = 0xf000;
    public const uint Socket = 0xc000;
    public const uint Link = 0xa000;
    public const uint Regular = 0x8000;
    public const uint Block = 0x6000;
    public const uint Directory = 0x4000;
    public const uint Character = 0x2000;
    public const uint Fifo = 0x1000;

    public uint Type => Mode & TypeMask;

    public bool IsDirectory => Type == Directory;

    public bool IsLink => Type == Link;

    public bool IsRegular => Type == Regular;

    public bool IsDevice => Type is Block or Character;

    /// <summary>struct statx of linux/stat.h; the same on every architecture.</summary>
    public static unsafe FileStat FromStatx(byte* statx)
    {
        const long nanosecondsPerSecond = 1_000_000_000;
        return new FileStat(
            Mode: *(ushort*)(statx + 28),
            Links: *(uint*)(statx + 16),
            Uid: *(uint*)(statx + 20),
            Gid: *(uint*)(statx + 24),
            Inode: *(ulong*)(statx + 32),
            Size: *(long*)(statx + 40),
            ModifiedNanoseconds: (*(long*)(statx + 112) * nanosecondsPerSecond) + *(uint*)(statx + 120),
            Device: (*(uint*)(statx + 128), *(uint*)(statx + 132)),
            FileSystem: (*(uint*)(statx + 136), *(uint*)(statx + 140)));
    }
}
