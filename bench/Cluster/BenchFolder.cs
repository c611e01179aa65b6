namespace PodExecutor.Bench.Cluster;

/// <summary>A temporary folder for options files and the runner double's folders.</summary>
internal sealed class BenchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pod-executor-bench-").FullName;

    /// <returns>The file's path.</returns>
    public string Write(string name, string text)
    {
        var file = System.IO.Path.Combine(Path, name);
        File.WriteAllText(file, text);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
