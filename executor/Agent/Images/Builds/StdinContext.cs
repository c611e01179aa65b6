using System.IO.Compression;

namespace PodExecutor.Agent.Images.Builds;

/// <summary><c>docker build -</c> and <c>-f -</c>: a Dockerfile or a tar archive (plain or gzip) on stdin, put into a folder that stays for a later push.</summary>
internal static class StdinContext
{
    private const int TarMagicAt = 257;
    private const int Peek = 512;
    private const long MaxDockerfile = 1024 * 1024;

    /// <summary>Tells the two apart as docker does: by the first bytes.</summary>
    /// <exception cref="ImageException">Nothing on stdin, or a damaged archive.</exception>
    public static async Task<BuildSources> ReadAsync(BuildRequest request, ImageContext context, string directory, CancellationToken cancel)
    {
        await using var stdin = new BufferedStream(context.OpenInput());
        var head = new byte[Peek];
        var length = await stdin.ReadAtLeastAsync(head, Peek, throwOnEndOfStream: false, cancel);
        if (length == 0)
        {
            throw Nothing();
        }

        await using var whole = new ConcatenatedStream(head.AsMemory(0, length), stdin);
        var gzip = length > 2 && head[0] == 0x1f && head[1] == 0x8b;
        if (!gzip && !head.AsSpan(TarMagicAt, 5).SequenceEqual("ustar"u8))
        {
            return new BuildSources(Fresh(directory, "empty"), null, await SaveAsync(whole, directory, cancel), "Dockerfile");
        }

        var root = Fresh(directory, "context");
        try
        {
            await using var tar = gzip ? new GZipStream(whole, CompressionMode.Decompress) : (Stream)whole;
            await TarContext.ExtractAsync(tar, root, cancel);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or EndOfStreamException)
        {
            throw new ImageException($"The archive on stdin is damaged: {e.Message}", ImageExit.Failure, e);
        }

        var file = request.File ?? "Dockerfile";
        return File.Exists(Path.Combine(root, file))
            ? new BuildSources(root, null, Path.GetDirectoryName(Path.Combine(root, file)), Path.GetFileName(file))
            : throw new ImageException($"The archive on stdin holds no {file}.");
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
