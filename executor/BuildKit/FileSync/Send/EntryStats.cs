using PodExecutor.BuildKit.FileSync.Disk;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Send;

/// <summary>A tree's entries as the daemon wants them described.</summary>
internal sealed class EntryStats(LocalDirectory directory)
{
    /// <summary>The first name that was sent of each file with several.</summary>
    private readonly Dictionary<((uint, uint) FileSystem, ulong Inode), string> _firstNames = [];

    private readonly Stat _stat = new();

    /// <returns>The same object each time.</returns>
    public Stat Of(TreeEntry entry)
    {
        var (path, file) = entry;
        var full = Path.Combine(directory.Path, path);
        var stat = _stat;
        stat.Path = path;
        stat.Mode = GoFileMode.FromPosix(file.Mode);
        stat.Uid = directory.KeepOwners ? file.Uid : 0;
        stat.Gid = directory.KeepOwners ? file.Gid : 0;
        stat.Size = file.IsDirectory ? 0 : file.Size;
        stat.ModTime = file.ModifiedNanoseconds;
        stat.Devmajor = file.IsDevice ? file.Device.Major : 0;
        stat.Devminor = file.IsDevice ? file.Device.Minor : 0;
        stat.Linkname = file.IsLink ? NativeFile.ReadLink(full) ?? "" : HardLink(path, file);
        stat.Xattrs.Clear();
        ExtendedAttributes.Read(full, stat.Xattrs);
        return stat;
    }

    private string HardLink(string path, FileStat file)
    {
        if (file.Links < 2 || file.IsDirectory)
        {
            return "";
        }

        var identity = (file.FileSystem, file.Inode);
        if (_firstNames.TryGetValue(identity, out var first))
        {
            return first;
        }

        _firstNames.Add(identity, path);
        return "";
    }
}
