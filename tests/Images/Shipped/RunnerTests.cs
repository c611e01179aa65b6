namespace PodExecutor.Tests.Images.Shipped;

/// <summary>The runner image by its Dockerfile, on a stand-in for GitLab's own.</summary>
public sealed class RunnerTests(ShippedImages images) : IClassFixture<ShippedImages>
{
    [Fact]
    public async Task Image_OnABasePinnedByDigest_AddsTheExecutor()
    {
        var pinned = await images.RunnerBaseAsync();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["ARCHITECTURES"] = "amd64", ["BASE"] = pinned };

        // No step of its own: it needs no network.
        var index = await images.BuildAsync("runner", images.Name("runner"), settings);
        var again = await images.BuildAsync("runner", images.Name("again"), settings, "--no-cache");

        var config = (await index.ConfigAsync("amd64")).GetProperty("config");
        Assert.Equal("pod-executor runner", config.GetProperty("Labels").GetProperty("org.opencontainers.image.title").GetString());
        Assert.Equal("999:999", config.GetProperty("User").GetString());
        Assert.Equal("SIGQUIT", config.GetProperty("StopSignal").GetString());
        Assert.Equal(["/usr/bin/dumb-init", "--", "/usr/local/bin/runner-manager"], config.GetProperty("Entrypoint").EnumerateArray().Select(e => e.GetString()));
        Assert.Equal(index.Digests["amd64"], again.Digests["amd64"]);
        var provenance = await index.AttestedAsync("amd64", "https://slsa.dev/provenance/");
        Assert.Contains(pinned[(pinned.LastIndexOf(':') + 1)..], provenance.GetProperty("predicate").GetRawText(), StringComparison.Ordinal);
    }
}
