namespace PodExecutor.BuildKit.FileSync.Disk;

/// <summary>Go's os.FileMode, which BuildKit sends over the wire in the place of POSIX's st_mode. https://pkg.go.dev/io/fs#FileMode</summary>
internal static class GoFileMode
{
    public const uint Directory = 1u << 31;
    public const uint Link = 1u << 27;
    public const uint Device = 1u << 26;
    public const uint NamedPipe = 1u << 25;
    public const uint Socket = 1u << 24;
    public const uint SetUid = 1u << 23;
    public const uint SetGid = 1u << 22;
    public const uint CharDevice = 1u << 21;
    public const uint Sticky = 1u << 20;
    public const uint Irregular = 1u << 19;

    public const uint TypeMask = Directory | Link | Device | NamedPipe | Socket | CharDevice | Irregular;

    private const uint Permissions = 0x1ff;
    private const uint PosixSetUid = 0x800;
    private const uint PosixSetGid = 0x400;
    private const uint PosixSticky = 0x200;

    /// <summary>Sockets come out as regular files, as BuildKit's own clients send them.</summary>
    public static uint FromPosix(uint mode)
    {
        var type = (mode & FileStat.TypeMask) switch
        {
            FileStat.Directory => Directory,
            FileStat.Link => Link,
            FileStat.Block => Device,
            FileStat.Character => Device | CharDevice,
            FileStat.Fifo => NamedPipe,
            _ => 0u,
        };
        return type | (mode & Permissions) | Bit(mode, PosixSetUid, SetUid) | Bit(mode, PosixSetGid, SetGid) | Bit(mode, PosixSticky, Sticky);
    }

    /// <summary>Permissions with the three special bits, as chmod takes them.</summary>
    public static uint ToPosixPermissions(uint mode) =>
        (mode & Permissions) | Bit(mode, SetUid, PosixSetUid) | Bit(mode, SetGid, PosixSetGid) | Bit(mode, Sticky, PosixSticky);

    public static bool IsDirectory(uint mode) => (mode & Directory) != 0;

    public static bool IsRegular(uint mode) => (mode & TypeMask) == 0;

    private static uint Bit(uint mode, uint from, uint to) => (mode & from) != 0 ? to : 0;
}
