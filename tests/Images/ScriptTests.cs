using System.Text.Json;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>What scripts of old pipelines do around a build, and what they read of it.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly Project _project = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _project.Dispose();

    [Fact]
    public async Task CleanUp_OfDanglingImages_LeavesWhatIsPushedAfterwards()
    {
        _project.Write("app", "first").Dockerfile("COPY app /app");
        await _project.PassAsync("docker", "build", "-t", _project.Image(), ".");
        _project.Write("app", "second");
        await _project.PassAsync("docker", "build", "-t", _project.Image(), ".");

        var dangling = (await _project.PassAsync("docker", "images", "-q", "-f", "dangling=true")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Single(dangling);
        await _project.PassAsync("docker", ["rmi", .. dangling]);
        await _project.PassAsync("docker", "container", "prune", "-f");
        await _project.PassAsync("docker", "push", _project.Image());

        using var image = await RegistryImage.PullAsync(_project.Image(), Token);
        Assert.Equal("second", (await image.FilesAsync(Token))["app"]);
        Assert.Equal("", (await _project.PassAsync("docker", "images", "-q", "-f", "dangling=true")).Output);
    }

    [Fact]
    public async Task Digest_OfAPushedImage_IsReadInEveryWay()
    {
        _project.Write("app", "content").Dockerfile("COPY app /app");
        await _project.PassAsync("docker", "build", "-t", _project.Image(), "--label", "kind=web", ".");
        var before = await _project.RunAsync("docker", "inspect", "--format", "{{index .RepoDigests 0}}", _project.Image());
        await _project.PassAsync("docker", "push", _project.Image());

        using var image = await RegistryImage.PullAsync(_project.Image(), Token);
        Assert.Equal((1, ""), (before.Code, before.Output));
        Assert.Contains("index out of range: 0. The image has no digest in a registry", before.Log);
        foreach (var format in new[]
        {
            "{{index (split (index .RepoDigests 0) \"@\") 1}}",
            "{{range .RepoDigests}}{{index (split . \"@\") 1}}{{end}}",
            "{{with index .RepoDigests 0}}{{slice . " + (_project.Image().LastIndexOf(':') + 1) + "}}{{end}}",
        })
        {
            Assert.Equal(image.Digest, (await _project.PassAsync("docker", "image", "inspect", "--format", format, _project.Image())).Output.Trim());
        }

        Assert.Equal(image.Digest, (await _project.PassAsync("docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}", _project.Image())).Output.Trim());
        Assert.Equal(image.Digest, (await _project.PassAsync("docker", "images", "--digests", "--format", "{{.Digest}}", _project.Image())).Output.Trim());
        var config = JsonDocument.Parse((await _project.PassAsync("docker", "inspect", "--format", "{{json .Config}}", _project.Image())).Output).RootElement;
        Assert.Equal("web", config.GetProperty("Labels").GetProperty("kind").GetString());
        Assert.Equal((await image.ConfigAsync(Token)).GetProperty("architecture").GetString(), (await _project.PassAsync("docker", "inspect", "-f", "{{.Architecture}}", _project.Image())).Output.Trim());
    }

    [Fact]
    public async Task Builder_MadeByBuildx_IsUsedByItsName()
    {
        _project.Dockerfile("RUN echo said");
        var name = (await _project.PassAsync("docker", "buildx", "create", "--use", "--driver", "remote", Testbed.Builder)).Output.Trim();
        await _project.PassAsync("docker", "buildx", "--builder", name, "inspect", "--bootstrap");

        await _project.PassAsync("docker", "buildx", "--builder", name, "build", "-t", _project.Image(), ".");
        await _project.PassAsync("docker", "buildx", "build", "--builder=" + name, "--squash", "--security-opt", "seccomp=unconfined", "--ipfs=false", "--push", "-t", _project.Image(), ".");

        Assert.Equal("running", (await _project.PassAsync("docker", "buildx", "ls", "--format", "{{.Status}}")).Output.Trim());
        Assert.Contains(_project.Image(), (await _project.PassAsync("docker", "inspect", "--format", "{{json .RepoTags}}", _project.Image())).Output);
        await _project.PassAsync("docker", "buildx", "rm", name);
    }

    [Fact]
    public async Task Info_WithAFormat_GivesTheField()
    {
        Assert.Equal("linux inactive 0", (await _project.PassAsync("docker", "info", "--format", "{{.OSType}} {{.Swarm.LocalNodeState}} {{.Images}}")).Output.Trim());
        Assert.NotEqual("", (await _project.PassAsync("docker", "info", "-f", "{{.ServerVersion}}{{.Name}}{{.Driver}}")).Output.Trim());
        Assert.Equal(125, (await _project.RunAsync("docker", "info", "-f", "{{.Frob}}")).Code);
    }

    [Fact]
    public async Task Login_OfManyProcessesAtOnce_LosesNone()
    {
        var ports = Enumerable.Range(1, 12).ToList();

        // Nobody listens there: each login is kept, with a warning.
        var results = await Task.WhenAll(ports.Select(p => _project.RunAsync("docker", "login", "-u", "ci", "-p", "secret", $"127.0.0.1:{p}")));

        Assert.All(results, r => Assert.True(r.Code == 0, r.All));
        var auths = JsonDocument.Parse(File.ReadAllText(Path.Combine(_project.Variables["HOME"], ".docker/config.json"))).RootElement.GetProperty("auths");
        Assert.Equal(ports.Select(p => $"127.0.0.1:{p}").Order(StringComparer.Ordinal), auths.EnumerateObject().Select(a => a.Name).Order(StringComparer.Ordinal));
    }
}
