using System.Buffers;
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
    public static async Task UnpackAsync(Stream archive, string folder, CancellationToken cancel)
    {
        var head = new byte[4];
        var length = await archive.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel);
        await using var whole = new ConcatenatedStream(head.AsMemory(0, length), archive);
        await using var tar = head switch
        {
            _ when length == 0 => throw new InvalidDataException("it is empty"),
            [0x1f, 0x8b, ..] => new GZipStream(whole, CompressionMode.Decompress),
            [0x28, 0xb5, 0x2f, 0xfd] => new DecompressionStream(whole),
            [(byte)'B', (byte)'Z', (byte)'h', ..] or [0xfd, (byte)'7', (byte)'z', ..] => throw new InvalidDataException("it is compressed by bzip2 or xz: decompress it first, `bunzip2 < FILE | docker load` or `unxz < FILE | docker load`"),
            _ => (Stream)whole,
        };
        await ExtractAsync(tar, folder, cancel);
    }

    /// <summary>Writes a file, and says what was written.</summary>
    public static async Task<Descriptor> WriteAsync(Stream from, string path, string mediaType, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = File.Create(path);
        var buffer = ArrayPool<byte>.Shared.Rent(Piece);
        while (await from.ReadAsync(buffer, cancel) is > 0 and var count)
        {
            hash.AppendData(buffer.AsSpan(0, count));
            await file.WriteAsync(buffer.AsMemory(0, count), cancel);
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return new Descriptor(mediaType, "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset()), file.Length);
    }

    /// <summary>A path of the archive as one of the folder.</summary>
    /// <exception cref="InvalidDataException">It leads elsewhere.</exception>
    public static string Inside(string folder, string name)
    {
        var path = Path.GetFullPath(Path.Combine(folder, name));
        return path.StartsWith(folder + "/", StringComparison.Ordinal) && !Path.IsPathRooted(name) ? path : throw new InvalidDataException($"the entry {name} leads out of the archive");
    }

    private static async Task ExtractAsync(Stream tar, string folder, CancellationToken cancel)
    {
        var links = new List<(string Path, string Target)>();
        await using var reader = new TarReader(tar, leaveOpen: true);
        while (await reader.GetNextEntryAsync(copyData: false, cancel) is { } entry)
        {
            if (entry.EntryType is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            {
                var path = Inside(folder, entry.Name);
                var begin = entry.EntryType is TarEntryType.HardLink ? folder : Path.GetDirectoryName(path)!;
                links.Add((path, Inside(folder, Path.GetRelativePath(folder, Path.Combine(begin, entry.LinkName)))));
            }
            else if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile)
            {
                await FileAsync(entry, folder, cancel);
            }
        }

        // docker's older archives have a layer that comes twice once, and links to it. Made last, to files only: nothing is written through one.
        foreach (var (path, target) in links.Where(l => File.Exists(l.Target) && !File.Exists(l.Path)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.CreateSymbolicLink(path, target);
        }
    }

    private static async Task FileAsync(TarEntry entry, string folder, CancellationToken cancel)
    {
        var path = Inside(folder, entry.Name);
        var written = await WriteAsync(entry.DataStream ?? Stream.Null, path, "", cancel);
        var name = Path.GetRelativePath(folder, path);
        if (name.StartsWith(Blobs, StringComparison.Ordinal) && name != Blobs + written.Digest["sha256:".Length..])
        {
            throw new InvalidDataException($"{name} is something else ({written.Digest})");
        }
    }
}
