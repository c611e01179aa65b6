namespace PodExecutor.Agent.Native;

/// <summary>What statx tells of a name.</summary>
/// <param name="Mode">Type and permission bits.</param>
/// <param name="Blocks">512 bytes each: fewer than the size takes if the file has holes.</param>
internal readonly record struct FileStat(
    uint Mode, uint Links, uint Uid, uint Gid, ulong Inode, ulong Device, long Size, long Blocks, FileTime Modified, FileTime Changed)
{
    /// <summary>STATX_BASIC_STATS.</summary>
    public const uint Wanted = 0x7ff;

    /// <summary>Bytes of struct statx.</summary>
    public const int Length = 256;

    private const uint TypeMask = 0xF000;

    public bool IsDirectory => (Mode & TypeMask) == 0x4000;

    public bool IsRegular => (Mode & TypeMask) == 0x8000;

    public bool IsLink => (Mode & TypeMask) == 0xA000;

    public uint Permissions => Mode & 0xFFF;

    public bool HasHoles => Blocks * 512 < Size;

    /// <summary>linux/stat.h; the same on every architecture.</summary>
    public static unsafe FileStat Read(byte* statx) => new(
        *(ushort*)(statx + 28), *(uint*)(statx + 16), *(uint*)(statx + 20), *(uint*)(statx + 24), *(ulong*)(statx + 32),
        ((ulong)*(uint*)(statx + 136) << 32) | *(uint*)(statx + 140), *(long*)(statx + 40), *(long*)(statx + 48),
        new FileTime(*(long*)(statx + 112), *(uint*)(statx + 120)), new FileTime(*(long*)(statx + 96), *(uint*)(statx + 104)));

    /// <summary>True if nothing was written between the two: the kernel alone sets the time of change.</summary>
    public bool IsUnchangedSince(in FileStat other) =>
        Size == other.Size && Modified == other.Modified && Changed == other.Changed && Inode == other.Inode && Device == other.Device;
}

/// <summary>Since 1970.</summary>
internal readonly record struct FileTime(long Seconds, uint Nanoseconds);
