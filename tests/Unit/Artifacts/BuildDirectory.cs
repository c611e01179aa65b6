using System.IO.Compression;
using PodExecutor.Agent.Artifacts;
using PodExecutor.Tests.Unit.Pipelines;

namespace PodExecutor.Tests.Unit.Artifacts;

/// <summary>A build directory of its own, and gitlab-runner in it.</summary>
internal sealed class BuildDirectory : IDisposable
{
    public const string Token = "glcbt-64_secret";

    private readonly StringWriter _output = new();
    private readonly StringWriter _log = new();

    public BuildDirectory()
    {
        Root = Directory.CreateTempSubdirectory("artifacts-").FullName;
        Path = Directory.CreateDirectory(System.IO.Path.Combine(Root, "build")).FullName;
        Context = new RunnerContext(Path, _output, TextWriter.Synchronized(_log), Time);
    }

    /// <summary>The parent, where nothing may be written.</summary>
    public string Root { get; }

    public string Path { get; }

    public ManualTime Time { get; } = new();

    public RunnerContext Context { get; init; }

    public string Output => _output.ToString();

    public string Log => _log.ToString();

    public void Dispose() => Directory.Delete(Root, recursive: true);

    public string At(string path) => System.IO.Path.Combine(Path, path);

    public string Write(string path, string text = "x")
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
        return At(path);
    }

    public Task<int> RunAsync(params string[] args) => RunnerCommand.RunAsync(args, Context, TestContext.Current.CancellationToken);

    public Task<int> UploadAsync(string url, params string[] args) =>
        RunAsync(["artifacts-uploader", "--url", url, "--token", Token, "--id", "9001", .. args]);

    public Task<int> DownloadAsync(string url) => RunAsync("artifacts-downloader", "--url", url, "--token", Token, "--id", "9001");

    /// <summary>Lets the pauses between tries pass at once, as soon as each has begun.</summary>
    public async Task<int> WithPausesAsync(Task<int> run, params int[] seconds)
    {
        foreach (var pause in seconds)
        {
            await Until.TrueAsync(() => run.IsCompleted || Time.HasTimer(TimeSpan.FromSeconds(pause)));
            Time.Advance(TimeSpan.FromSeconds(pause));
        }

        // Fails instead of hanging, as Wait does.
        return await run.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    /// <summary>A zip of these entries, as Info-ZIP on Unix makes it.</summary>
    public static byte[] Zip(params (string Name, uint Mode, string Content)[] entries)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, mode, content) in entries)
            {
                var entry = zip.CreateEntry(name, CompressionLevel.NoCompression);
                entry.ExternalAttributes = (int)(mode << 16);
                entry.LastWriteTime = new DateTimeOffset(2024, 2, 29, 12, 30, 10, TimeSpan.Zero);
                using var writer = new StreamWriter(entry.Open());
                writer.Write(content);
            }
        }

        return bytes.ToArray();
    }
}
