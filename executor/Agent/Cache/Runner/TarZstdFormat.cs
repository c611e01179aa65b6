using System.Formats.Tar;
using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Cache.Save;
using PodExecutor.Agent.Native;
using ZstdSharp;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary>A cache as the runner's newest format has it.</summary>
internal static class TarZstdFormat
{
    /// <summary>Files that vanish meanwhile are left out with a warning.</summary>
    public static async Task WriteAsync(RunnerContext context, List<SavedEntry> entries, int level, Stream file, CancellationToken cancel)
    {
        using var workspace = Beneath.Open(context.Directory);
        await using var zstd = new CompressionStream(file, level, leaveOpen: true);
        await using var tar = new TarWriter(zstd, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var entry in entries)
        {
            cancel.ThrowIfCancellationRequested();
            if (Describe(entry, workspace) is { } described)
            {
                await WriteAsync(context, workspace, tar, entry, described, cancel);
            }
        }
    }

    private static async Task WriteAsync(
        RunnerContext context, Beneath workspace, TarWriter tar, SavedEntry entry, PaxTarEntry described, CancellationToken cancel)
    {
        if (described.EntryType != TarEntryType.RegularFile)
        {
            await tar.WriteEntryAsync(described, cancel);
            return;
        }

        int fd;
        try
        {
            fd = FileReading.Open(workspace, entry.Path);
        }
        catch (FileCallException e)
        {
            context.Warn($"{described.Name}: left out of the cache: {e.Message}");
            return;
        }

        try
        {
            described.DataStream = new FixedLengthStream(fd, entry.Stat.Size);
            await tar.WriteEntryAsync(described, cancel);
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    private static PaxTarEntry? Describe(SavedEntry entry, Beneath workspace)
    {
        var stat = entry.Stat;
        var type = stat.IsDirectory ? TarEntryType.Directory
            : stat.IsLink ? TarEntryType.SymbolicLink
            : entry.Target is not null ? TarEntryType.HardLink
            : TarEntryType.RegularFile;
        var target = stat.IsLink ? workspace.ReadLink(entry.Path) : entry.Target;
        if (type is TarEntryType.SymbolicLink && target is null)
        {
            return null;
        }

        var described = new PaxTarEntry(type, PathText.Decode(entry.Path) + (stat.IsDirectory ? "/" : ""))
        {
            Mode = (UnixFileMode)stat.Permissions,
            Uid = (int)stat.Uid,
            Gid = (int)stat.Gid,
            ModificationTime = DateTimeOffset.UnixEpoch.AddTicks((Math.Clamp(stat.Modified.Seconds, 0, 253402300799) * TimeSpan.TicksPerSecond) + (stat.Modified.Nanoseconds / 100)),
        };
        if (target is not null)
        {
            described.LinkName = PathText.Decode(target);
        }

        return described;
    }
}
