using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Registries;
using ZstdSharp;

namespace PodExecutor.Agent.Images.Copies;

/// <summary>Unpacks what `docker save` and builders write: files and folders alone, none outside, and each blob is what its name says.</summary>
internal static class ImageArchive
{
    private const int Piece = 128 * 1024;
    private const string Blobs = "blobs/sha256/";

    /// <param name="archive">A tar, as it is or compressed by gzip or zstd.</param>
    /// <param name="folder">Empty, absolute.</param>
    /// <exception cref="InvalidDataException">It is damaged, or no such archive; so FormatException, EndOfStreamException, ZstdException and other IOExceptions.</exception>
    public static void Unpack(Stream archive, string folder, CancellationToken cancel)
    {
        var head = new byte[4];
        var length = archive.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        using var whole = new ConcatenatedStream(head.AsMemory(0, length), archive);
        using var tar = head switch
        {
            _ when length == 0 => throw new InvalidDataException("it is empty"),
            [0x1f, 0x8b, ..] => new GZipStream(whole, CompressionMode.Decompress),
            [0x28, 0xb5, 0x2f, 0xfd] => new DecompressionStream(whole),
            [(byte)'B', (byte)'Z', (byte)'h', ..] or [0xfd, (byte)'7', (byte)'z', ..] => throw new InvalidDataException("it is compressed by bzip2 or xz: decompress it first, `bunzip2 < FILE | docker load` or `unxz < FILE | docker load`"),
            _ => (Stream)whole,
        };
        Extract(tar, folder, cancel);
    }

    /// <summary>Copies, and says what was copied.</summary>
    public static Descriptor Copy(Stream from, Stream to, string mediaType, CancellationToken cancel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[Piece];
        var size = 0L;
        while (from.Read(buffer, 0, Piece) is > 0 and var count)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(buffer.AsSpan(0, count));
            to.Write(buffer, 0, count);
            size += count;
        }

        return new Descriptor(mediaType, "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset()), size);
    }

    /// <summary>A path of the archive as one of the folder.</summary>
    /// <exception cref="InvalidDataException">It leads elsewhere.</exception>
    public static string Inside(string folder, string name)
    {
        var path = Path.GetFullPath(Path.Combine(folder, name));
        return path.StartsWith(folder + "/", StringComparison.Ordinal) && !Path.IsPathRooted(name) ? path : throw new InvalidDataException($"the entry {name} leads out of the archive");
    }

    private static void Extract(Stream tar, string folder, CancellationToken cancel)
    {
        var links = new List<(string Path, string Target)>();
        using var reader = new TarReader(tar, leaveOpen: true);
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            {
                var path = Inside(folder, entry.Name);
                var begin = entry.EntryType is TarEntryType.HardLink ? folder : Path.GetDirectoryName(path)!;
                links.Add((path, Inside(folder, Path.GetRelativePath(folder, Path.Combine(begin, entry.LinkName)))));
            }
            else if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)
            {
                WriteFile(entry, folder, cancel);
            }
        }

        // docker's older archives have a layer that comes twice once, and links to it. Made last, to files only: nothing is written through one.
        foreach (var (path, target) in links.Where(l => File.Exists(l.Target) && !File.Exists(l.Path)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.CreateSymbolicLink(path, target);
        }
    }

    private static void WriteFile(TarEntry entry, string folder, CancellationToken cancel)
    {
        var path = Inside(folder, entry.Name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        var written = Copy(entry.DataStream ?? Stream.Null, file, "", cancel);
        var name = Path.GetRelativePath(folder, path);
        if (name.StartsWith(Blobs, StringComparison.Ordinal) && name != Blobs + written.Digest["sha256:".Length..])
        {
            throw new InvalidDataException($"{name} is something else ({written.Digest})");
        }
    }
}
