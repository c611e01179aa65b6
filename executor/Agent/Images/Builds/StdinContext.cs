using System.IO.Compression;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>
/// <c>docker build -</c> and <c>-f -</c>: a Dockerfile or a tar archive on stdin, put into a folder that stays for a later push. What is compressed in a way that the agent
/// cannot read (xz, bzip2) stays as it is: the builder fetches and unpacks it, as it does for buildx.
/// </summary>
internal static class StdinContext
{
    private const int TarMagicAt = 257;

    /// <summary>128 MB of memory; more is asked for by `zstd --ultra --long=31` only.</summary>
    private const int LargestWindowLog = 27;
    private const int Peek = 512;
    private const long MaxDockerfile = 1024 * 1024;

    private enum Kind
    {
        Dockerfile,
        Tar,
        Gzip,
        Zstd,
        ForTheBuilder,
    }

    /// <summary>Tells the two apart as docker does: by the first bytes.</summary>
    /// <exception cref="ImageException">Nothing on stdin, or a damaged archive.</exception>
    public static async Task<BuildSources> ReadAsync(BuildRequest request, ImageContext context, string directory, CancellationToken cancel)
    {
        if (request.File == "-")
        {
            throw new ImageException("stdin cannot be both, the build context and the Dockerfile: write \"-\" for one of them.", ImageExit.Usage);
        }

        await using var stdin = new BufferedStream(context.OpenInput());
        var head = new byte[Peek];
        var length = await stdin.ReadAtLeastAsync(head, Peek, throwOnEndOfStream: false, cancel);
        if (length == 0)
        {
            throw Nothing();
        }

        await using var whole = new ConcatenatedStream(head.AsMemory(0, length), stdin);
        var kind = KindOf(head.AsSpan(0, length));
        if (kind == Kind.Dockerfile)
        {
            return request.File is null ? new BuildSources(Fresh(directory, "empty"), null, await SaveAsync(whole, directory, cancel), "Dockerfile")
                : throw new ImageException($"Which Dockerfile: that on stdin, or -f {request.File}? What stands on stdin is no tar archive, so that it is a Dockerfile.", ImageExit.Usage);
        }

        if (kind == Kind.ForTheBuilder)
        {
            var archive = Path.Combine(directory, "context.archive");
            await using var copy = File.Create(archive);
            await whole.CopyToAsync(copy, cancel);
            return BuildSources.OfUpload(archive, Path.GetFileName(directory), request.File ?? "Dockerfile");
        }

        var root = Fresh(directory, "context");
        try
        {
            await using var tar = Decompressed(kind, whole);
            await TarContext.ExtractAsync(tar, root, cancel);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or EndOfStreamException or ZstdException or IOException { InnerException: ZstdException })
        {
            throw new ImageException($"The archive on stdin is damaged: {e.Message}", ImageExit.Failure, e);
        }

        var file = request.File ?? "Dockerfile";
        return File.Exists(Path.Combine(root, file))
            ? new BuildSources(root, null, Path.GetDirectoryName(Path.Combine(root, file)), Path.GetFileName(file))
            : throw new ImageException($"The archive on stdin holds no {file}.");
    }

    private static Kind KindOf(ReadOnlySpan<byte> begin) => begin switch
    {
        [0x1f, 0x8b, ..] => Kind.Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind.Zstd,
        [(byte)'B', (byte)'Z', (byte)'h', ..] or [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => Kind.ForTheBuilder,
        _ => begin.Length > TarMagicAt && begin[TarMagicAt..].StartsWith("ustar"u8) ? Kind.Tar : Kind.Dockerfile,
    };

    private static Stream Decompressed(Kind kind, Stream archive)
    {
        if (kind != Kind.Zstd)
        {
            return kind == Kind.Gzip ? new GZipStream(archive, CompressionMode.Decompress) : archive;
        }

        var zstd = new DecompressionStream(archive);
        zstd.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, LargestWindowLog);
        return zstd;
    }

    /// <returns>The folder that the Dockerfile is in.</returns>
    public static async Task<string> DockerfileAsync(ImageContext context, string directory, CancellationToken cancel)
    {
        await using var stdin = context.OpenInput();
        return await SaveAsync(stdin, directory, cancel);
    }

    private static async Task<string> SaveAsync(Stream stdin, string directory, CancellationToken cancel)
    {
        var folder = Fresh(directory, "dockerfile");
        var path = Path.Combine(folder, "Dockerfile");
        await using (var file = File.Create(path))
        {
            await stdin.CopyToAsync(file, cancel);
            if (file.Length > MaxDockerfile)
            {
                throw new ImageException("What stands on stdin is neither a tar archive nor a Dockerfile (it is longer than 1 MiB).");
            }
        }

        return new FileInfo(path).Length > 0 ? folder : throw Nothing();
    }

    private static string Fresh(string directory, string name) => Directory.CreateDirectory(Path.Combine(directory, name)).FullName;

    private static ImageException Nothing() => new("stdin is empty, so there is no Dockerfile. In a script write: docker build - < Dockerfile");
}
