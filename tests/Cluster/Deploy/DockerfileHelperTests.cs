using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>The helper image by its Dockerfile, as deploy/images/build.sh builds and pushes it with our own client: what pods and jobs do with it.</summary>
public sealed class DockerfileHelperTests(DockerfileHelperTests.Built built, TestCluster cluster) : IClassFixture<DockerfileHelperTests.Built>
{
    [Theory]
    [InlineData(0)]
    [InlineData(12345)]
    public Task Programs_AsAnyUserWithReadOnlyRoot_Run(int user) => HelperPod.CheckAsync(cluster, $"built-helper-{user}", built.Image, user);

    [Fact]
    public async Task Job_WithThisHelper_ClonesAndPasses()
    {
        using var project = await TryProject.CreateAsync(cluster, "hello:\n  script: [git -C . log --oneline, echo hello from $CI_JOB_NAME]\n");
        var options = Path.Combine(project.Folder, ".git/options.toml");
        var text = await File.ReadAllTextAsync(options, TestContext.Current.CancellationToken);
        Assert.Contains(cluster.HelperImage, text);
        await File.WriteAllTextAsync(options, text.Replace(cluster.HelperImage, built.Image, StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var log = await project.PassAsync();

        Assert.Contains("\nhello from hello\n", log);
    }

    /// <summary>The image, built once and pushed to the registry that pods know as any host's.</summary>
    public sealed class Built : IAsyncLifetime
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("built-").FullName;
        private readonly string _repository = $"{Guid.NewGuid().ToString("N")[..12]}/helper:1";

        public string Image => "any.host/" + _repository;

        public async ValueTask InitializeAsync()
        {
            var client = Path.Combine(_folder, "image-build");
            File.CreateSymbolicLink(client, Environment.GetEnvironmentVariable("POD_AGENT_BINARY")!);
            await Shell.RunAsync(
                "env", $"HOME={_folder}", $"BUILDER={client}", "BUILDKIT_HOST=tcp://127.0.0.1:15125", "BASE=127.0.0.1:15000/team/debian:12", "SBOM=false", "ARCHITECTURES=amd64",
                "bash", Path.Combine(Installation.Root, "deploy/images/build.sh"), "helper", "127.0.0.1:15000/" + _repository, "--network", "host", "--allow", "network.host");
        }

        public ValueTask DisposeAsync()
        {
            Directory.Delete(_folder, recursive: true);
            return ValueTask.CompletedTask;
        }
    }
}
