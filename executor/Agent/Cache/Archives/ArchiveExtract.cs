using System.IO.Compression;
using ZstdSharp;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>Kinds of archives that gitlab-runner writes as caches, told by their first bytes as its own extractor does.</summary>
internal enum ArchiveKind
{
    Zip,
    TarZstd,
    TarGzip,
}

internal static class ArchiveExtract
{
    /// <summary>Bytes that tell the kind.</summary>
    public const int MagicLength = 4;

    /// <summary>A frame that wants more memory than this is refused: gitlab-runner's writers stay below.</summary>
    private const int LargestWindowLog = 27;

    /// <summary>Everything else is taken for a zip, whose magic is at its end.</summary>
    public static ArchiveKind KindOf(ReadOnlySpan<byte> begin) =>
        begin is [0x28, 0xB5, 0x2F, 0xFD, ..] ? ArchiveKind.TarZstd
        : begin is [0x1F, 0x8B, ..] ? ArchiveKind.TarGzip
        : ArchiveKind.Zip;

    /// <exception cref="PodExecutor.Cache.CacheDamagedException">It is damaged, or an entry is refused.</exception>
    public static void Tar(ArchiveKind kind, Stream archive, ArchiveSink sink, CancellationToken cancel)
    {
        using Stream tar = kind == ArchiveKind.TarGzip ? new GZipStream(archive, CompressionMode.Decompress) : Zstd(archive);
        TarExtraction.Run(tar, sink, cancel);
    }

    private static DecompressionStream Zstd(Stream archive)
    {
        var stream = new DecompressionStream(archive, leaveOpen: true);
        stream.SetParameter(ZstdSharp.Unsafe.ZSTD_dParameter.ZSTD_d_windowLogMax, LargestWindowLog);
        return stream;
    }
}
