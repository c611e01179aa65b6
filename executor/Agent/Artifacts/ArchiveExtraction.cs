using System.IO.Compression;
using System.Text;
using PodExecutor.Agent.Paths;

namespace PodExecutor.Agent.Artifacts;

/// <summary>
/// Unpacks a zip into the build directory: all names are checked first, then come directories, files and, last, links, so that
/// nothing is written through a link of the archive. Existing files are replaced, never written into.
/// </summary>
internal static class ArchiveExtraction
{
    /// <summary>Linux's PATH_MAX.</summary>
    private const int MaxLinkTarget = 4096;

    /// <param name="archive">Seekable.</param>
    /// <param name="what">The archive's name in messages.</param>
    /// <exception cref="ArtifactException">Damaged, unsafe, or the disk does not take it.</exception>
    public static async Task RunAsync(RunnerContext context, Stream archive, string what, CancellationToken cancel)
    {
        try
        {
            archive.Position = 0;
            await using var zip = await ZipArchive.CreateAsync(archive, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancel);
            var plan = ExtractionPlan.Decide(await ReadAsync(zip, cancel));
            foreach (var sentence in plan.Skipped)
            {
                context.Warn(sentence);
            }

            await WriteAsync(new ExtractionTree(context.Directory), plan, zip, cancel);
        }
        catch (InvalidDataException e)
        {
            throw new ArtifactException($"{what} is damaged: {e.Message} Run the job that made it again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ArtifactException($"{what} cannot be unpacked into {context.Directory}: {e.Message}", e);
        }
    }

    private static async Task<List<EntryGiven>> ReadAsync(ZipArchive zip, CancellationToken cancel)
    {
        var entries = new List<EntryGiven>(zip.Entries.Count);
        foreach (var entry in zip.Entries)
        {
            if (entry.IsEncrypted)
            {
                throw new InvalidDataException($"{entry.FullName} is encrypted.");
            }

            var given = new EntryGiven(entry.FullName, (uint)entry.ExternalAttributes >> 16, null, entries.Count);
            entries.Add(ExtractionPlan.TypeOf(given) == FileStatus.Link ? given with { LinkTarget = await TargetAsync(entry, cancel) } : given);
        }

        return entries;
    }

    private static async Task<string> TargetAsync(ZipArchiveEntry entry, CancellationToken cancel)
    {
        using var target = new MemoryStream();
        await (entry.Length <= MaxLinkTarget ? CopyAsync(entry, target, cancel) : throw new InvalidDataException($"{entry.FullName} is an endless link."));
        return Encoding.UTF8.GetString(target.GetBuffer(), 0, (int)target.Length);
    }

    private static async Task WriteAsync(ExtractionTree tree, ExtractionPlan plan, ZipArchive zip, CancellationToken cancel)
    {
        foreach (var directory in plan.Directories)
        {
            tree.Directory(directory.Path);
        }

        foreach (var file in plan.Files)
        {
            var entry = zip.Entries[file.Index];
            await tree.FileAsync(file.Path, file.Permissions, Modified(entry), content => CopyAsync(entry, content, cancel));
        }

        foreach (var link in plan.Links)
        {
            tree.Link(link.Path, link.LinkTarget!);
        }

        // Last and from below: a directory may forbid writing, and each name made in it changes its time.
        foreach (var directory in plan.Directories.Reverse())
        {
            tree.Finish(directory.Path, directory.Permissions, Modified(zip.Entries[directory.Index]));
        }
    }

    // Zip's times have no zone; GitLab's and our own archives mean UTC.
    private static DateTime Modified(ZipArchiveEntry entry) => DateTime.SpecifyKind(entry.LastWriteTime.DateTime, DateTimeKind.Utc);

    /// <summary>.NET checks neither checksum nor length by itself.</summary>
    private static async Task CopyAsync(ZipArchiveEntry entry, Stream to, CancellationToken cancel)
    {
        var crc = Crc32.Start();
        var length = 0L;
        var buffer = new byte[64 * 1024];
        await using var content = await entry.OpenAsync(cancel);
        int count;
        while ((count = await content.ReadAsync(buffer, cancel)) > 0)
        {
            length += count;
            crc.Append(buffer.AsSpan(0, count));
            if (length > entry.Length)
            {
                break;
            }

            await to.WriteAsync(buffer.AsMemory(0, count), cancel);
        }

        if (length != entry.Length || crc.Value != entry.Crc32)
        {
            throw new InvalidDataException($"The checksum or the length of {entry.FullName} is wrong.");
        }
    }
}
