using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace PodExecutor.Agent.Artifacts;

/// <summary>
/// Writes each file as one gzip member with its name, its path as the comment, and its time (RFC 1952), one after the other:
/// GitLab tells the reports of a job apart by these headers. <see cref="GZipStream"/> writes none of them.
/// </summary>
internal static class GzipFormat
{
    private const byte HasName = 0x08;
    private const byte HasComment = 0x10;
    private const byte Unix = 3;

    public static async Task WriteAsync(RunnerContext context, IReadOnlyList<SelectedFile> files, Stream stream, CancellationToken cancel)
    {
        foreach (var file in files)
        {
            var content = ArtifactFile.Open(context, file);
            if (content is not null)
            {
                await using (content)
                {
                    await WriteMemberAsync(file, content, stream, cancel);
                }
            }
        }
    }

    private static async Task WriteMemberAsync(SelectedFile file, FileStream content, Stream stream, CancellationToken cancel)
    {
        var crc = Crc32.Start();
        var length = 0u;
        await stream.WriteAsync(Header(file), cancel);
        await using (var deflate = new DeflateStream(stream, CompressionLevel.Optimal, leaveOpen: true))
        {
            await ArtifactFile.CopyAsync(content, file.Path, piece => Compress(piece, deflate), cancel);
        }

        var trailer = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, crc.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(4), length);
        await stream.WriteAsync(trailer, cancel);

        ValueTask Compress(ReadOnlyMemory<byte> piece, DeflateStream deflate)
        {
            crc.Append(piece.Span);
            unchecked
            {
                length += (uint)piece.Length;
            }

            return deflate.WriteAsync(piece, cancel);
        }
    }

    private static byte[] Header(SelectedFile file)
    {
        byte[] start = [0x1f, 0x8b, 8, HasName | HasComment, 0, 0, 0, 0, 0, Unix];
        var seconds = new DateTimeOffset(file.Status.ModifiedUtc).ToUnixTimeSeconds();
        BinaryPrimitives.WriteUInt32LittleEndian(start.AsSpan(4), (uint)Math.Min(seconds, uint.MaxValue));
        return [.. start, .. Encoding.Latin1.GetBytes(Path.GetFileName(file.Path)), 0, .. Encoding.Latin1.GetBytes(file.Path), 0];
    }
}
