using PodExecutor.BuildKit;

namespace PodExecutor.Tests.BuildKitClient.Fixtures;

/// <summary>A folder to build, and what is made of it; gone with the test.</summary>
internal sealed class Project : IDisposable
{
    public Project(string? dockerfile = null, string root = "/tmp")
    {
        Path = System.IO.Path.Combine(root, "buildkit-test-" + Guid.NewGuid().ToString("N")[..12]);
        Directory.CreateDirectory(Context);
        if (dockerfile is not null)
        {
            Write("Dockerfile", dockerfile);
        }
    }

    public string Path { get; }

    public string Context => System.IO.Path.Combine(Path, "context");

    /// <summary>A name beside the context.</summary>
    public string Out(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string content)
    {
        var path = System.IO.Path.Combine(Context, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>A Dockerfile build of the context. The cache of earlier tests is not used: names differ by a build argument that every step sees.</summary>
    public SolveRequest Request(DockerfileOptions? options = null, params IReadOnlyList<Export> exports) => new()
    {
        FrontendOptions = (options ?? new DockerfileOptions()).ToFrontendOptions(),
        LocalDirectories = new Dictionary<string, LocalDirectory> { ["context"] = new(Context), ["dockerfile"] = new(Context) },
        Exports = exports,
    };

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
