using System.IO.Compression;
using System.Text;
using PodExecutor.Agent.Paths;

namespace PodExecutor.Agent.Artifacts;

/// <summary>Writes artifacts as one zip, front to back: the stream is a request's body that cannot be wound back.</summary>
internal static class ZipFormat
{
    /// <summary>Unix modes stand in the upper half of an entry's attributes (Info-ZIP), MS-DOS's directory flag in the lower.</summary>
    private const int ModeShift = 16;

    private const int DosDirectory = 0x10;

    private static readonly DateTime Oldest = new(1980, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly DateTime Newest = new(2107, 12, 31, 0, 0, 0, DateTimeKind.Utc);

    public static async Task WriteAsync(RunnerContext context, IReadOnlyList<SelectedFile> files, Stream stream, CancellationToken cancel)
    {
        var level = Level(context.CompressionLevel);
        await using var zip = await ZipArchive.CreateAsync(stream, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancel);
        foreach (var file in files)
        {
            cancel.ThrowIfCancellationRequested();
            switch (file.Status.Type)
            {
                case FileStatus.Directory:
                    Create(zip, file, file.Path + "/", CompressionLevel.NoCompression);
                    break;
                case FileStatus.Link:
                    await WriteLinkAsync(zip, context, file, cancel);
                    break;
                case FileStatus.Regular:
                    await WriteFileAsync(zip, context, file, level, cancel);
                    break;
                default:
                    context.Warn($"{file.Path}: ignored, for it is neither a file nor a directory nor a link.");
                    break;
            }
        }
    }

    private static async Task WriteFileAsync(ZipArchive zip, RunnerContext context, SelectedFile file, CompressionLevel level, CancellationToken cancel)
    {
        // Opened first: a file that is gone leaves no empty entry behind.
        var content = ArtifactFile.Open(context, file);
        if (content is null)
        {
            return;
        }

        await using (content)
        {
            await using var entry = await Create(zip, file, file.Path, level).OpenAsync(cancel);
            await ArtifactFile.CopyAsync(content, file.Path, piece => entry.WriteAsync(piece, cancel), cancel);
        }
    }

    private static async Task WriteLinkAsync(ZipArchive zip, RunnerContext context, SelectedFile file, CancellationToken cancel)
    {
        if (new FileInfo(context.Directory + "/" + file.Path).LinkTarget is not { } target)
        {
            context.Warn($"{file.Path}: the link vanished before it could be uploaded.");
            return;
        }

        await using var entry = await Create(zip, file, file.Path, CompressionLevel.NoCompression).OpenAsync(cancel);
        await entry.WriteAsync(Encoding.UTF8.GetBytes(target), cancel);
    }

    private static ZipArchiveEntry Create(ZipArchive zip, SelectedFile file, string name, CompressionLevel level)
    {
        var modified = file.Status.ModifiedUtc < Oldest ? Oldest : file.Status.ModifiedUtc > Newest ? Newest : file.Status.ModifiedUtc;
        var entry = zip.CreateEntry(name, level);
        entry.LastWriteTime = new DateTimeOffset(modified);
        entry.ExternalAttributes = (int)(file.Status.Mode << ModeShift) | (file.Status.IsDirectory ? DosDirectory : 0);
        return entry;
    }

    private static CompressionLevel Level(string? words) => words switch
    {
        "fastest" or "fast" => CompressionLevel.Fastest,
        "slow" or "slowest" => CompressionLevel.SmallestSize,
        _ => CompressionLevel.Optimal,
    };
}
