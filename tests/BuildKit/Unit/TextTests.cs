using PodExecutor.BuildKit;

namespace PodExecutor.Tests.BuildKitClient.Unit;

public sealed class TextTests
{
    [Fact]
    public void CacheEntry_InBuildxsForm_IsRead()
    {
        var entry = CacheEntry.Parse("Type=registry,\"ref=a,b\",mode=max");

        Assert.Equal("registry", entry.Type);
        Assert.Equal("a,b", entry.Attributes["ref"]);
        Assert.Equal("max", entry.Attributes["mode"]);
        Assert.Equal("registry", CacheEntry.Parse("host/name:tag").Type);
    }

    [Theory]
    [InlineData("ref=a")]
    [InlineData("type=")]
    [InlineData("type=local,dest")]
    [InlineData("type=local,\"dest=a")]
    public void CacheEntry_ThatIsNone_IsRefused(string text) => Assert.Throws<FormatException>(() => CacheEntry.Parse(text));

    [Theory]
    [InlineData("docker.io", RegistryHost.DockerHub)]
    [InlineData("https://index.docker.io/v1/", RegistryHost.DockerHub)]
    [InlineData("https://registry.example.com:5000/v2/", "registry.example.com:5000")]
    [InlineData("127.0.0.1:5000", "127.0.0.1:5000")]
    public async Task RegistryHost_OfAnyForm_IsTheDaemons(string host, string expected)
    {
        Assert.Equal(expected, RegistryHost.Normalize(host));
        var auth = new StaticRegistryAuth(new Dictionary<string, RegistryCredential> { [host] = new("u", "p") });
        Assert.NotNull(await auth.GetCredentialAsync(expected, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Credential_AsText_HasNoSecret() => Assert.DoesNotContain("geheim", new RegistryCredential("u", "geheim").ToString(), StringComparison.Ordinal);

    [Fact]
    public void DockerfileOptions_OfEachKind_HaveTheFrontendsNames()
    {
        var options = new DockerfileOptions
        {
            FileName = "f",
            Target = "t",
            Platforms = ["linux/amd64", "linux/arm64"],
            NoCacheStages = ["a", "b"],
            Pull = true,
            ShmSize = 1,
            BuildArgs = new Dictionary<string, string> { ["A"] = "1" },
            Labels = new Dictionary<string, string> { ["l"] = "2" },
            CacheMountNamespace = "ns",
            NetworkMode = "none",
            Other = new Dictionary<string, string> { ["target"] = "wins" },
        }.ToFrontendOptions();

        Assert.Equal("f", options["filename"]);
        Assert.Equal("wins", options["target"]);
        Assert.Equal("linux/amd64,linux/arm64", options["platform"]);
        Assert.Equal("a,b", options["no-cache"]);
        Assert.Equal("pull", options["image-resolve-mode"]);
        Assert.Equal("1", options["build-arg:A"]);
        Assert.Equal("2", options["label:l"]);
        Assert.Equal("ns", options["build-arg:BUILDKIT_CACHE_MOUNT_NS"]);
        Assert.Equal("", new DockerfileOptions { NoCache = true }.ToFrontendOptions()["no-cache"]);
        Assert.Empty(new DockerfileOptions().ToFrontendOptions());
    }

    [Fact]
    public void Excerpt_AtTheEdgesOfAFile_StaysWithin()
    {
        var excerpt = new SourceExcerpt("Dockerfile", [new LineRange(1, 1), new LineRange(3, 0)], "a\r\nb\r\nc");

        Assert.Equal(["1 a True", "2 b False", "3 c True"], excerpt.Lines(5).Select(line => $"{line.Number} {line.Text} {line.Meant}"));
        Assert.Empty(new SourceExcerpt("Dockerfile", [new LineRange(9, 9)], "a").Lines());
    }
}
