using System.Text.Json;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>docker manifest and buildx imagetools: one index over what several jobs have pushed, each for its platform.</summary>
public sealed class IndexTests : IDisposable
{
    private readonly Project _project = new Project().Write("app", "content").Write("Dockerfile", "FROM scratch\nCOPY app /app\n");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Repository => $"{Testbed.LoginRegistry}/{_project.Unique}/app";

    public void Dispose() => _project.Dispose();

    [Fact]
    public async Task Manifest_CreatedAndPushed_IsAnIndexOfTheImages()
    {
        await PushAsync("amd64", "linux/amd64");
        await PushAsync("arm64", "linux/arm64");

        await _project.PassAsync("docker", "manifest", "create", Repository + ":1", Repository + ":amd64");
        await _project.PassAsync("docker", "manifest", "create", "--amend", Repository + ":1", Repository + ":arm64");
        await _project.PassAsync("docker", "manifest", "annotate", Repository + ":1", Repository + ":arm64", "--os", "linux", "--arch", "arm64", "--variant", "v9");
        var inspected = await _project.PassAsync("docker", "manifest", "inspect", Repository + ":1");
        var pushed = await _project.PassAsync("docker", "manifest", "push", "--purge", Repository + ":1");

        var index = await IndexAsync("1");
        var entries = index.GetProperty("manifests").EnumerateArray().ToList();
        Assert.Equal(["linux/amd64", "linux/arm64"], entries.Select(RegistryImage.PlatformOf));
        Assert.Equal("v9", entries[1].GetProperty("platform").GetProperty("variant").GetString());
        Assert.Equal(await DigestAsync("arm64"), entries[1].GetProperty("digest").GetString());
        Assert.Equal(await DigestAsync("1"), pushed.Output.Trim());
        Assert.Equal(index.ToString(), JsonDocument.Parse(inspected.Output).RootElement.ToString());

        // Purged: what is inspected now is the registry's.
        Assert.Equal(inspected.Output, (await _project.PassAsync("docker", "manifest", "inspect", Repository + ":1")).Output);
        Assert.Contains("No such manifest list", (await _project.RunAsync("docker", "manifest", "push", Repository + ":1")).Log);
    }

    [Fact]
    public async Task Imagetools_OfImagesWithProvenance_KeepsTheirAttestations()
    {
        await PushAsync("amd64", "linux/amd64", "--provenance=max");
        await PushAsync("arm64", "linux/arm64", "--provenance=max");

        await _project.PassAsync("docker", "buildx", "imagetools", "create", "-t", Repository + ":1", "-t", Repository + ":2", "--annotation", "index:a=b", Repository + ":amd64", Repository + ":arm64");
        await _project.PassAsync("docker", "buildx", "imagetools", "create", "-t", Repository + ":copy", "--metadata-file", "copy.json", Repository + ":1");
        var described = await _project.PassAsync("docker", "buildx", "imagetools", "inspect", Repository + ":1", "--format", "{{json .Manifest}}");
        var told = await _project.PassAsync("docker", "buildx", "imagetools", "inspect", Repository + ":1");
        var dry = await _project.PassAsync("docker", "buildx", "imagetools", "create", "--dry-run", "--append", "-t", Repository + ":amd64", Repository + ":arm64");

        var index = await IndexAsync("1");
        Assert.Equal(["linux/amd64", "linux/arm64", "unknown/unknown", "unknown/unknown"], index.GetProperty("manifests").EnumerateArray().Select(RegistryImage.PlatformOf));
        Assert.Equal("b", index.GetProperty("annotations").GetProperty("a").GetString());
        var digest = await DigestAsync("1");
        Assert.Equal([digest, digest], [await DigestAsync("2"), await DigestAsync("copy")]);
        Assert.Equal(digest, JsonDocument.Parse(described.Output).RootElement.GetProperty("digest").GetString());
        Assert.Equal(digest, JsonDocument.Parse(File.ReadAllText(_project.At("copy.json"))).RootElement.GetProperty("containerimage.digest").GetString());
        Assert.Contains($"Digest:    {digest}\n", told.Output);
        Assert.Equal(4, JsonDocument.Parse(dry.Output).RootElement.GetProperty("manifests").GetArrayLength());
    }

    [Fact]
    public async Task Image_OfOnePlatform_IsCopiedOrAnnotated()
    {
        await PushAsync("plain", "linux/arm");
        await PushAsync("attested", "linux/arm", "--provenance=min");

        await _project.PassAsync("docker", "buildx", "imagetools", "create", "--prefer-index=false", "-t", Repository + ":copy", Repository + ":plain");
        await _project.PassAsync("docker", "manifest", "create", Repository + ":list", Repository + ":attested");
        await _project.PassAsync("docker", "manifest", "annotate", "--variant", "v6", Repository + ":list", Repository + ":attested");
        await _project.PassAsync("docker", "manifest", "push", Repository + ":list");

        Assert.Equal(await DigestAsync("plain"), await DigestAsync("copy"));
        var entries = (await IndexAsync("list")).GetProperty("manifests").EnumerateArray().ToList();
        Assert.Equal(["linux/arm", "unknown/unknown"], entries.Select(RegistryImage.PlatformOf));
        Assert.Equal("v6", entries[0].GetProperty("platform").GetProperty("variant").GetString());
        Assert.Equal(
            (await IndexAsync("attested")).GetProperty("manifests").EnumerateArray().Select(e => e.GetProperty("digest").GetString()), entries.Select(e => e.GetProperty("digest").GetString()));
    }

    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, false, false)]
    public async Task Registry_WithACertificateOfItsOwn_IsTrustedByTheAuthorityAlone(bool works, bool byVariable, bool byDockersFolder)
    {
        const string registry = "127.0.0.1:15002";
        var folder = Directory.CreateDirectory($"/etc/docker/certs.d/{registry}");
        try
        {
            if (byDockersFolder)
            {
                File.Copy(Registries.Authority, Path.Combine(folder.FullName, "ca.crt"));
            }

            if (byVariable)
            {
                _project.Variables["CI_SERVER_TLS_CA_FILE"] = Registries.Authority;
            }

            _project.Variables["DOCKER_AUTH_CONFIG"] = Logins(Testbed.Password).Replace(Testbed.LoginRegistry, registry, StringComparison.Ordinal);
            var name = $"{registry}/{_project.Unique}/app";
            await _project.PassAsync("docker", "build", "-t", name + ":part", "--push", ".");

            var result = await _project.RunAsync("docker", "buildx", "imagetools", "create", "-t", name + ":1", name + ":part");

            Assert.True(works == (result.Code == 0), result.All);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("There is no image 127.0.0.1:15000/team/none:1 in its registry", "manifest", "create", "{repository}:1", "127.0.0.1:15000/team/none:1")]
    [InlineData("There is no image {repository}:none in its registry", "manifest", "create", "{repository}:1", "{repository}:none")]
    [InlineData("There is no image {repository}:none in its registry", "buildx", "imagetools", "create", "-t", "{repository}:1", "{repository}:none")]
    [InlineData("under which name?", "buildx", "imagetools", "create", "{repository}:none")]
    [InlineData("No such manifest list", "manifest", "annotate", "{repository}:1", "{repository}:2", "--arch", "arm64")]
    [InlineData("only index:… and manifest-descriptor:… can be set here", "buildx", "imagetools", "create", "-t", "{repository}:1", "--annotation", "a=b", "{repository}:2")]
    [InlineData("an index is pushed under a name and tag", "manifest", "create", "{repository}@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "{repository}:1")]
    [InlineData("of which images?", "manifest", "create", "{repository}:1")]
    [InlineData("answers 401", "manifest", "create", "{repository}:1", "{repository}:2", "--wrong-login")]
    public async Task Index_OfWhatIsNotThere_SaysSo(string expected, params string[] arguments)
    {
        _project.Variables["DOCKER_AUTH_CONFIG"] = Logins(arguments.Contains("--wrong-login") ? "wrong" : Testbed.Password);

        var result = await _project.RunAsync("docker", [.. arguments.Where(a => a != "--wrong-login").Select(a => a.Replace("{repository}", Repository))]);

        Assert.NotEqual(0, result.Code);
        Assert.Contains(expected.Replace("{repository}", Repository), result.Log);
    }

    private static string Logins(string password) =>
        $$$"""{"auths":{"{{{Testbed.LoginRegistry}}}":{"username":"{{{Testbed.User}}}","password":"{{{password}}}" } } }""";

    private async Task PushAsync(string tag, string platform, params string[] flags)
    {
        _project.Variables["DOCKER_AUTH_CONFIG"] = Logins(Testbed.Password);
        await _project.PassAsync("docker", ["build", "--platform", platform, "-t", $"{Repository}:{tag}", "--push", .. flags, "."]);
    }

    private Task<string> DigestAsync(string tag) => Skopeo.DigestAsync($"{Repository}:{tag}", "--creds", $"{Testbed.User}:{Testbed.Password}");

    private async Task<JsonElement> IndexAsync(string tag)
    {
        using var image = await RegistryImage.PullAsync($"{Repository}:{tag}", Token);
        return image.Manifest;
    }
}
