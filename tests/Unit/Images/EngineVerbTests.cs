using System.Text.Json;
using PodExecutor.Agent.Images;
using PodExecutor.Agent.Images.Verbs;
using PodExecutor.BuildKit;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>What old pipelines do around a build: set up, look around and clean up.</summary>
public sealed class EngineVerbTests : IDisposable
{
    private readonly ImageDesk _desk = new();

    public void Dispose() => _desk.Dispose();

    [Theory]
    [InlineData("buildx", "use", "mine")]
    [InlineData("buildx", "use", "--default", "mine")]
    [InlineData("buildx", "rm", "-f", "mine")]
    [InlineData("buildx", "install")]
    [InlineData("buildx", "uninstall")]
    [InlineData("system", "prune", "-af", "--volumes", "--filter", "until=24h")]
    [InlineData("builder", "prune", "--force", "--keep-storage", "10GB")]
    [InlineData("buildx", "--builder", "x", "prune", "-f")]
    [InlineData("container", "prune", "-f")]
    [InlineData("volume", "prune", "-f")]
    [InlineData("network", "prune", "-f")]
    [InlineData("rm", "-f")]
    [InlineData("stop")]
    [InlineData("container", "kill", "-s", "TERM")]
    public async Task SetUpAndCleanUp_OfOldPipelines_DoNothing(params string[] arguments)
    {
        Assert.Equal(0, await _desk.RunAsync("docker", arguments));
        Assert.Matches("nothing to do|keeps nothing", _desk.Log);
    }

    [Theory]
    [InlineData("", "ps", "-aq")]
    [InlineData("", "ps", "-q", "--filter", "name=x")]
    [InlineData("", "ps", "--format", "{{.Names}}")]
    [InlineData("CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n", "ps", "-a")]
    [InlineData("NAMES     STATUS\n", "container", "ls", "--format", "table {{.Names}}\\t{{.Status}}")]
    [InlineData("DRIVER    VOLUME NAME\n", "volume", "ls")]
    [InlineData("", "volume", "ls", "-qf", "dangling=true")]
    [InlineData("NETWORK ID   NAME      DRIVER    SCOPE\n", "network", "ls")]
    [InlineData("Total reclaimed space: 0B\n", "volume", "prune", "-f")]
    [InlineData("", "network", "prune", "-f")]
    [InlineData("Total:\t0B\n", "builder", "prune", "-f")]
    [InlineData("Reclaimable:\t0B\nTotal:\t\t0B\n", "buildx", "du")]
    [InlineData("Images 0B\nContainers 0B\nLocal Volumes 0B\nBuild Cache 0B\n", "system", "df", "--format", "{{.Type}} {{.Size}}")]
    [InlineData("default\n", "context", "show")]
    [InlineData("default\n", "context", "ls", "-q")]
    [InlineData("default tcp://docker:2376\n", "context", "ls", "--format", "{{.Name}} {{.DockerEndpoint}}")]
    [InlineData("tcp://docker:2376\n", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")]
    [InlineData("builder\n", "context", "create", "builder")]
    [InlineData("builder\n", "context", "use", "builder")]
    [InlineData("mine\n", "buildx", "create", "--use", "--name", "mine", "--driver-opt", "network=host")]
    [InlineData("mine\n", "buildx", "create", "--name=mine", "builder")]
    [InlineData("pod-executor\n", "buildx", "create", "--use")]
    public async Task Lists_AreThoseOfAnEngineThatHasNothing(string expected, params string[] arguments)
    {
        _desk.Variables["DOCKER_HOST"] = "tcp://docker:2376";

        Assert.Equal((0, expected), (await _desk.RunAsync("docker", arguments), _desk.Output));
    }

    [Theory]
    [InlineData(0, "No such container: x", "rm", "-f", "x")]
    [InlineData(1, "No such container: x", "rm", "x")]
    [InlineData(1, "No such container: x", "stop", "-t", "3", "x")]
    [InlineData(1, "No such container: x", "kill", "x")]
    [InlineData(0, "no such volume", "volume", "rm", "-f", "x")]
    [InlineData(1, "network x not found", "network", "rm", "x")]
    public async Task Removal_OfWhatIsNamed_FailsAsInDocker(int code, string expected, params string[] arguments)
    {
        Assert.Equal((code, ""), (await _desk.RunAsync("docker", arguments), _desk.Output));
        Assert.Contains(expected, _desk.Log);
    }

    [Theory]
    [InlineData("ps", "--frob")]
    [InlineData("system", "prune", "--frob")]
    [InlineData("buildx", "create", "--frob")]
    [InlineData("context", "ls", "--frob")]
    [InlineData("version", "--frob")]
    [InlineData("info", "--frob")]
    [InlineData("buildx", "ls", "--frob")]
    public async Task Flags_ThatNobodyKnows_AreErrors(params string[] arguments)
    {
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("docker", arguments));
        Assert.Contains("unknown flag: --frob", _desk.Log);
    }

    [Theory]
    [InlineData("linux/amd64 1.50", "{{.Server.Os}}/{{.Client.Arch}} {{.Server.APIVersion}}")]
    [InlineData("same", "{{if eq .Client.Version .Server.Version}}same{{end}}")]
    public async Task Version_WithAFormat_GivesTheField(string expected, string format)
    {
        Assert.Equal((0, expected + "\n"), (await _desk.RunAsync("docker", "version", "--format", format), _desk.Output));
    }

    [Fact]
    public async Task Version_AsJson_HasClientAndServer()
    {
        Assert.Equal(0, await _desk.RunAsync("docker", "version", "-f", "json"));

        var version = JsonDocument.Parse(_desk.Output).RootElement;
        Assert.All(["Client", "Server"], side => Assert.NotEqual("", version.GetProperty(side).GetProperty("Version").GetString()));
        Assert.Equal(ImageExit.Usage, await _desk.RunAsync("docker", "version", "--format", "{{.Server.KernelVersion}}"));
        Assert.Contains(".KernelVersion is not known here. Known fields: .Version", _desk.Log);
    }

    [Fact]
    public void Info_WithAFormat_HasDockersFields()
    {
        var worker = new WorkerInfo("w", ["linux/arm64", "linux/arm/v7"], new Dictionary<string, string> { ["org.mobyproject.buildkit.worker.snapshotter"] = "overlayfs" });
        var fields = InfoVerbs.InfoFields("buildkit-0", new DaemonCapabilities { Version = "v0.25.1", Workers = [worker] }, images: 2);

        Assert.Equal(
            "buildkit-0 linux aarch64 overlayfs 2 inactive v0.25.1",
            GoTemplate.Expand("{{.Name}} {{.OSType}} {{.Architecture}} {{.Driver}} {{.Images}} {{.Swarm.LocalNodeState}} {{.BuildKitVersion}}", fields));
        Assert.NotEqual("", GoTemplate.Expand("{{.ServerVersion}}", fields));
    }
}
