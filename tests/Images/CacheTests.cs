using System.Text.RegularExpressions;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>--cache-to and --cache-from, by a second builder that has seen nothing of the first one's build.</summary>
public sealed class CacheTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("type=local,dest=cache,mode=max", "type=local,src=cache")]
    [InlineData("type=registry,ref={repository}:cache,mode=max", "type=registry,ref={repository}:cache")]
    [InlineData("type=registry,ref={repository}:cache,mode=max,image-manifest=true,oci-mediatypes=true", "{repository}:cache")]
    [InlineData("type=inline", "{image}")]
    public async Task Build_OnAFreshBuilder_FindsTheExportedCache(string to, string from)
    {
        using var project = new Project().Write(".dockerignore", "cache\n").Write("app", Guid.NewGuid().ToString())
            .Dockerfile("COPY app /app", "RUN cat /proc/sys/kernel/random/uuid > /random");
        string Place(string text) => text.Replace("{image}", project.Image()).Replace("{repository}", $"{Testbed.Registry}/{project.Unique}/cache");
        var other = project.Image() + "-again";

        await project.PassAsync("image-build", "-t", project.Image(), "--push", "--cache-to", Place(to), ".");
        project.Variables["BUILDKIT_HOST"] = Testbed.OtherBuilder;
        var second = await project.PassAsync("image-build", "-t", other, "--push", "--cache-from", Place(from), "--progress", "plain", ".");

        var step = Regex.Match(second.Log, @"\n(#\d+) \[3/3\] RUN cat ").Groups[1].Value;
        Assert.Contains($"\n{step} CACHED\n", second.Log);
        Assert.Equal(await RandomAsync(project.Image()), await RandomAsync(other));
    }

    /// <summary>The recipe of many pipelines: the image is pushed by a command of its own, and brings its cache along.</summary>
    [Fact]
    public async Task Push_OfABuildWithTheInlineCacheArgument_HasTheCache()
    {
        using var project = new Project().Dockerfile("RUN cat /proc/sys/kernel/random/uuid > /random");

        await project.PassAsync("docker", "build", "--build-arg", "BUILDKIT_INLINE_CACHE=1", "--cache-from", project.Image(), "-t", project.Image(), ".");
        var push = await project.PassAsync("docker", "push", project.Image());

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        Assert.True((await image.ConfigAsync(Token)).TryGetProperty("moby.buildkit.cache.v0", out _));
        Assert.DoesNotContain("WARNING", push.Log);
    }

    private static async Task<string> RandomAsync(string name)
    {
        using var image = await RegistryImage.PullAsync(name, Token);
        return (await image.FilesAsync(Token))["random"];
    }
}
