using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Daemon;

/// <summary>Daemons of other ages: what works, and what they say of the rest.</summary>
public sealed class VersionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("0.25", true, true)]
    [InlineData("0.13", true, true)]
    [InlineData("0.8", false, false)]
    public async Task Capabilities_OfEachAge_AreTold(string version, bool answersInfo, bool imageExports)
    {
        await using var client = Testbed.Connect(version);

        var capabilities = await client.GetCapabilitiesAsync(Token);

        Assert.Equal(answersInfo, capabilities.AnswersInfo);
        Assert.Equal(answersInfo, capabilities.SeveralExports);
        Assert.Equal(imageExports, capabilities.ImageExports);
        Assert.True(capabilities.IsDocker);
        Assert.Equal("linux/amd64", Assert.Single(capabilities.Workers).Platforms[0]);
    }

    [Theory]
    [InlineData("0.13")]
    [InlineData("0.8")]
    public async Task Build_WithContextAndSecretAndLocalOutput_WorksOnEach(string version)
    {
        using var project = new Project(
            $"FROM {Testbed.Base} AS build\nCOPY . /src\nRUN --mount=type=secret,id=a cat /src/greeting /run/secrets/a > /out\nFROM scratch\nCOPY --from=build /out /out\n");
        project.Write("greeting", "hello ");
        project.Write("ignored", "x");
        project.Write(".dockerignore", "ignored\n");
        await using var client = Testbed.Connect(version);
        var secret = Guid.NewGuid().ToString();
        var log = new ProgressLog();
        var request = project.Request(new DockerfileOptions { NoCache = true }, Export.Local(project.Out("result"))) with
        {
            Secrets = new Dictionary<string, SecretSource> { ["a"] = SecretSource.FromValue(secret) },
        };

        await client.SolveAsync(request, log.Add, Token);

        Assert.Equal("hello " + secret, File.ReadAllText(project.Out("result/out")));
        Assert.NotEmpty(log.Vertices);
    }

    [Theory]
    [InlineData("0.13")]
    [InlineData("0.8")]
    public async Task Run_ThatFails_HasItsExitCodeOnEach(string version)
    {
        using var project = new Project($"FROM {Testbed.Base}\nRUN exit 42\n");
        await using var client = Testbed.Connect(version);

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(project.Request(), cancellation: Token));

        Assert.Equal(42, error.ExitCode);
        Assert.Equal(version == "0.8" ? null : 2, error.Location?.FirstLine);   // 0.8 says no places
    }

    [Fact]
    public async Task Image_OnADockerWithoutAnImageStore_IsRefusedWithAdvice()
    {
        using var project = new Project("FROM scratch\nCOPY Dockerfile /\n");
        await using var client = Testbed.Connect("0.8");

        var error = await Assert.ThrowsAsync<NotSupportedByDaemonException>(
            () => client.SolveAsync(project.Request(null, Export.Image("a/b", push: true)), cancellation: Token));

        Assert.Contains("containerd", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_BeyondAnOldDaemon_IsRefusedBeforeItIsIgnored()
    {
        using var project = new Project("FROM scratch\nCOPY Dockerfile /\n");
        await using var client = Testbed.Connect("0.8");
        var options = new DockerfileOptions
        {
            NamedContexts = new Dictionary<string, string> { ["base"] = "docker-image://busybox" },
            Attestations = new Dictionary<string, string> { ["provenance"] = "mode=max" },
        };

        var error = await Assert.ThrowsAsync<NotSupportedByDaemonException>(
            () => client.SolveAsync(project.Request(options, Export.Local(project.Out("a")), Export.Tar(project.Out("b"))), cancellation: Token));

        Assert.Contains("more than one output", error.Message, StringComparison.Ordinal);
        Assert.Contains("named context \"base\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("provenance", error.Message, StringComparison.Ordinal);
    }
}
