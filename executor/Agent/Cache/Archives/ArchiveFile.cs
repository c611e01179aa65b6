using PodExecutor.Agent.Cache.Save;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>An archive that lies in a file.</summary>
internal static class ArchiveFile
{
    /// <exception cref="PodExecutor.Cache.CacheDamagedException">It is damaged, or an entry is refused.</exception>
    public static void Extract(string path, ArchiveSink sink, int workers, CancellationToken cancel)
    {
        using var handle = File.OpenHandle(path);
        var fd = (int)handle.DangerousGetHandle();
        Span<byte> magic = stackalloc byte[ArchiveExtract.MagicLength];
        var size = RandomAccess.GetLength(handle);
        var kind = ArchiveExtract.KindOf(magic[..FileReading.Read(fd, magic, 0)]);
        if (kind == ArchiveKind.Zip)
        {
            ZipExtraction.Run(fd, size, sink, workers, cancel);
            return;
        }

        using var stored = new FilePart(fd, 0, size);
        using var buffered = new BufferedStream(stored, 128 * 1024);
        ArchiveExtract.Tar(kind, buffered, sink, cancel);
    }
}
