namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>A working copy with a pipeline, run by `pod-executor try` of the published binary.</summary>
internal sealed class TryProject : IDisposable
{
    private readonly TestCluster _cluster;

    private TryProject(TestCluster cluster) => _cluster = cluster;

    public string Folder { get; } = Directory.CreateTempSubdirectory("project-").FullName;

    /// <summary>A repository with one commit, which holds this pipeline.</summary>
    /// <param name="ns">Null: the namespace of all tests.</param>
    /// <param name="kubernetes">More keys of the [kubernetes] table, and tables below it.</param>
    public static async Task<TryProject> CreateAsync(TestCluster cluster, string pipeline, string? ns = null, string kubernetes = "")
    {
        var project = new TryProject(cluster);
        project.Write(".gitlab-ci.yml", pipeline);
        await GitRepository.CreateAsync(project.Folder);
        project.Write(".git/options.toml", new JobRequest { Namespace = ns, Options = $"image = \"docker.io/pex/debian:12\"\n{kubernetes}" }.ToOptions(cluster));
        return project;
    }

    /// <summary>More tables of the options file.</summary>
    public void AddOptions(string toml) => File.AppendAllText(Path.Combine(Folder, ".git/options.toml"), toml);

    public void Write(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    /// <returns>What it printed. Fails the test unless the pipeline passed.</returns>
    public async Task<string> PassAsync(params string[] arguments)
    {
        var (code, stdout, stderr) = await Shell.TryAsync(_cluster.Binary,
        [
            "--config", Path.Combine(Folder, ".git/options.toml"), "try", Path.Combine(Folder, ".gitlab-ci.yml"),
            "--gitlab-address", TestCluster.NodeAddress, "--no-color", .. arguments,
        ]);
        Assert.True(code == 0, stdout + stderr);
        return stdout;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
