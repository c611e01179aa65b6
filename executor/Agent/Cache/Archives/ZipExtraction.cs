using System.IO.Compression;
using PodExecutor.Cache;
using ZstdSharp;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>Unpacks a zip that lies in a file, several entries at once.</summary>
internal static class ZipExtraction
{
    /// <summary>Bytes of a local header without its name and extra fields.</summary>
    public const int HeaderLength = 30;

    private const int Stored = 0;
    private const int Deflated = 8;
    private const int Zstandard = 93;

    /// <exception cref="CacheDamagedException">It is damaged, or an entry is refused.</exception>
    public static void Run(int fd, long size, ArchiveSink sink, int workers, CancellationToken cancel)
    {
        // All names first: nothing is written for an archive that is refused for its last one.
        var files = new List<(byte[] Path, ZipEntry Entry)>();
        foreach (var entry in ZipDirectory.Read(fd, size))
        {
            switch (entry.Kind)
            {
                case ZipEntryKind.Directory:
                    sink.Directory(entry.Name, entry.Attributes);
                    break;
                case ZipEntryKind.Link:
                    sink.Symlink(entry.Name, Target(fd, size, entry), entry.Attributes);
                    break;
                case ZipEntryKind.File when sink.File(entry.Name) is { } path:
                    files.Add((path, entry));
                    break;
                case ZipEntryKind.Special:
                    sink.Device(entry.Name);
                    break;
                default:
                    break;
            }
        }

        var next = -1;
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Threads.Run(workers, () =>
        {
            for (var i = Interlocked.Increment(ref next); i < files.Count && !broken.IsCancellationRequested; i = Interlocked.Increment(ref next))
            {
                try
                {
                    using var content = Open(fd, size, files[i].Entry);
                    sink.Write(files[i].Path, files[i].Entry.Attributes, content);
                }
                catch
                {
                    broken.Cancel();
                    throw;
                }
            }
        });
        cancel.ThrowIfCancellationRequested();
    }

    private static byte[] Target(int fd, long size, ZipEntry entry)
    {
        if (entry.Length > ManifestLimits.MaxPath)
        {
            throw ZipDirectory.Damage($"{EntryPath.Show(entry.Name)} is an endless link");
        }

        using var content = Open(fd, size, entry);
        using var target = new MemoryStream();
        content.CopyTo(target);
        return target.ToArray();
    }

    private static CheckedStream Open(int fd, long size, ZipEntry entry)
    {
        if (entry.HeaderOffset > size - HeaderLength)
        {
            throw ZipDirectory.Damage("it is cut");
        }

        var header = ZipDirectory.Bytes(fd, entry.HeaderOffset, entry.HeaderOffset + HeaderLength);
        var from = entry.HeaderOffset + HeaderLength + ZipDirectory.U16(header, 26) + ZipDirectory.U16(header, 28);
        if (!header.AsSpan().StartsWith("PK\u0003\u0004"u8) || from > size || entry.StoredLength > size - from)
        {
            throw ZipDirectory.Damage($"{EntryPath.Show(entry.Name)} is not where it says");
        }

        var stored = new FilePart(fd, from, entry.StoredLength);
        return new CheckedStream(
            entry.Method switch
            {
                Stored => stored,
                Deflated => new DeflateStream(stored, CompressionMode.Decompress),
                Zstandard => new DecompressionStream(stored, leaveOpen: false),
                _ => throw ZipDirectory.Damage($"{EntryPath.Show(entry.Name)} is compressed by the unknown method {entry.Method}"),
            },
            entry.Length, entry.Crc32);
    }
}
