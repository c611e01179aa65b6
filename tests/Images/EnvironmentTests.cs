using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>What a build takes from the job's variables and from docker's configuration, without a flag.</summary>
public sealed class EnvironmentTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Also where the image is made again by another command, which has lost the variable.</summary>
    [Fact]
    public async Task Platform_OfTheEnvironment_IsThatOfThePushedImage()
    {
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        project.Variables["DOCKER_DEFAULT_PLATFORM"] = "linux/arm64";

        await project.PassAsync("docker", "build", "-t", project.Image(), ".");
        project.Variables.Remove("DOCKER_DEFAULT_PLATFORM");
        await project.PassAsync("docker", "push", project.Image());

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        Assert.Equal("arm64", (await image.ConfigAsync(Token)).GetProperty("architecture").GetString());
    }

    [Fact]
    public async Task SourceDateEpoch_OfTheEnvironment_IsTheImagesDate()
    {
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        project.Variables["SOURCE_DATE_EPOCH"] = "1700000000";

        await project.PassAsync("docker", "build", "-t", project.Image(), "--push", ".");

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        Assert.Equal("2023-11-14T22:13:20Z", (await image.ConfigAsync(Token)).GetProperty("created").GetString());
    }

    [Fact]
    public async Task Folder_ThatWasRemovedMeanwhile_IsSaid()
    {
        using var project = new Project();

        var result = await project.RunAsync("/bin/sh", "-c", "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" build .", Path.Combine(Path.GetDirectoryName(project.Folder)!, "docker"));

        Assert.Equal(1, result.Code);
        Assert.Contains("The folder that this was called in has been removed", result.Log);
    }

    [Fact]
    public async Task Platform_Local_IsThatOfTheBuilder()
    {
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");

        await project.PassAsync("docker", "build", "--platform", "local", "-t", project.Image(), "--push", ".");

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        Assert.Equal("amd64", (await image.ConfigAsync(Token)).GetProperty("architecture").GetString());
    }

    /// <summary>BuildKit gives them to the steps and keeps them out of the image; the login in them is in no log, and in no file of this job but docker's own.</summary>
    [Fact]
    public async Task Proxies_OfDockersConfiguration_AreSeenByStepsOnly()
    {
        using var project = new Project().Dockerfile("RUN env | grep -i _proxy | sort | md5sum > /seen; env | grep -ic _proxy > /count");
        Directory.CreateDirectory(Path.Combine(project.Variables["HOME"], ".docker"));
        File.WriteAllText(
            Path.Combine(project.Variables["HOME"], ".docker", "config.json"), """{"proxies": {"default": {"httpProxy": "http://ci:s3cret-value@proxy.test:3128", "noProxy": "localhost,registry.test"}}}""");

        var build = await project.PassAsync("docker", "build", "--progress", "plain", "--provenance", "mode=max", "-t", project.Image(), "--push", ".");
        var kept = await project.PassAsync("docker", "build", "-t", project.Image() + "-kept", ".");
        var push = await project.PassAsync("docker", "push", project.Image() + "-kept");

        using var image = await RegistryImage.PullAsync(project.Image() + "-kept", Token);
        Assert.Equal("4\n", (await image.FilesAsync(Token))["count"]);
        Assert.DoesNotContain("s3cret-value", (await image.ConfigAsync(Token)).GetRawText());
        Assert.DoesNotContain("s3cret-value", build.All + kept.All + push.All);
        Assert.All(Directory.GetFiles(project.Variables["POD_EXECUTOR_IMAGES"], "*", SearchOption.AllDirectories), f => Assert.DoesNotContain("s3cret-value", File.ReadAllText(f)));
        Assert.Contains("WARNING: --provenance: unless mode=min", build.Log);
        Assert.DoesNotContain("WARNING", kept.Log);
    }
}
