using System.Formats.Tar;
using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Cache.Save;
using PodExecutor.Agent.Native;
using ZstdSharp;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary>A cache as the runner's newest format has it.</summary>
internal static class TarZstdFormat
{
    private const string LeftOut = "left out of the cache";

    /// <summary>
    /// Files that vanish or change meanwhile are left out with a warning. A header promises its file's length: if the file turns out
    /// to be another one while it is read, the archive is written anew without it.
    /// </summary>
    /// <param name="file">Empty, and can be emptied.</param>
    public static async Task WriteAsync(RunnerContext context, List<SavedEntry> entries, int level, Stream file, CancellationToken cancel)
    {
        var torn = new HashSet<SavedEntry>();
        while (await TryAsync(context, entries, torn, level, file, cancel) is { } changed)
        {
            torn.Add(changed);
            file.SetLength(0);
        }

        foreach (var entry in torn)
        {
            context.Warn($"{PathText.Decode(entry.Path)}: {LeftOut}: it was written while it was read");
        }
    }

    /// <returns>The file that changed while it was read; null if the archive is complete.</returns>
    private static async Task<SavedEntry?> TryAsync(
        RunnerContext context, List<SavedEntry> entries, HashSet<SavedEntry> torn, int level, Stream file, CancellationToken cancel)
    {
        using var workspace = Beneath.Open(context.Directory);
        await using var zstd = new CompressionStream(file, level, leaveOpen: true);
        await using var tar = new TarWriter(zstd, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var entry in entries.Where(e => !torn.Contains(e)))
        {
            cancel.ThrowIfCancellationRequested();
            if (Describe(entry, workspace) is { } described && !await WriteAsync(context, workspace, tar, entry, described, cancel))
            {
                return entry;
            }
        }

        return null;
    }

    /// <returns>False if the file changed while it was read.</returns>
    private static async Task<bool> WriteAsync(
        RunnerContext context, Beneath workspace, TarWriter tar, SavedEntry entry, PaxTarEntry described, CancellationToken cancel)
    {
        if (described.EntryType != TarEntryType.RegularFile)
        {
            await tar.WriteEntryAsync(described, cancel);
            return true;
        }

        int fd;
        try
        {
            fd = FileReading.Open(workspace, entry.Path);
        }
        catch (FileCallException e)
        {
            context.Warn($"{described.Name}: {LeftOut}: {e.Message}");
            return true;
        }

        try
        {
            // As it is now: the walk may be a while ago.
            var before = FileReading.Stat(fd);
            if (!before.IsRegular)
            {
                return false;
            }

            described.DataStream = new FixedLengthStream(fd, before.Size);
            await tar.WriteEntryAsync(described, cancel);
            return FileReading.Stat(fd).IsUnchangedSince(before);
        }
        catch (FileCallException)
        {
            return false;
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
