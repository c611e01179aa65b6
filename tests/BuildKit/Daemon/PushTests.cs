using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Daemon;

/// <summary>Images pushed by the real BuildKit 0.25 to real registries of each kind, pulled back.</summary>
public sealed class PushTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string NewName(string registry) => $"{registry}/buildkit/{Guid.NewGuid():N}:1";

    [Fact]
    public async Task Push_WithEveryOption_IsWhatTheRegistryHas()
    {
        using var project = new Project($"FROM {Testbed.Base} AS base\nARG WHO=nobody\nRUN echo \"hello $WHO\" > /greeting\nFROM base AS unwanted\nRUN false\n");
        var name = NewName(Testbed.Registry);
        var options = new DockerfileOptions
        {
            Target = "base",
            BuildArgs = new Dictionary<string, string> { ["WHO"] = "world" },
            Labels = new Dictionary<string, string> { ["team"] = "blue" },
        };
        var attributes = new Dictionary<string, string> { ["oci-mediatypes"] = "true", ["annotation.org.opencontainers.image.title"] = "greeting" };
        await using var client = Testbed.Connect();

        var outcome = await client.SolveAsync(project.Request(options, Export.Image($"{name},{name}-again", push: true, attributes)), cancellation: Token);

        using var image = await RegistryImage.PullAsync(name, Token);
        using var again = await RegistryImage.PullAsync(name + "-again", Token);
        Assert.Equal(outcome.ImageDigest, image.Digest);
        Assert.Equal(image.Digest, again.Digest);
        Assert.Equal([name, name + "-again"], outcome.ImageNames);
        Assert.Equal(outcome.ConfigDigest, image.Manifest.GetProperty("config").GetProperty("digest").GetString());
        Assert.Equal("greeting", image.Manifest.GetProperty("annotations").GetProperty("org.opencontainers.image.title").GetString());
        var config = await image.ConfigAsync(Token);
        Assert.Equal("blue", config.GetProperty("config").GetProperty("Labels").GetProperty("team").GetString());
        Assert.Equal("hello world\n", (await image.FilesAsync(Token))["greeting"]);
        Assert.Equal(outcome.ImageDigest, outcome.ImageDescriptor!.Value.GetProperty("digest").GetString());
    }

    [Theory]
    [InlineData(Testbed.LoginRegistry, RegistryTokens.OnTheClient)]
    [InlineData(Testbed.TlsRegistry, RegistryTokens.OnTheClient)]
    [InlineData(Testbed.TokenRegistry, RegistryTokens.OnTheClient)]
    [InlineData(Testbed.TokenRegistry, RegistryTokens.InDaemon)]
    public async Task Push_WithALogin_Arrives(string registry, RegistryTokens tokens)
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", Guid.NewGuid().ToString());
        var name = NewName(registry);
        await using var client = Testbed.Connect();

        var outcome = await client.SolveAsync(
            project.Request(null, Export.Image(name, push: true)) with { RegistryAuth = Testbed.Login(tokens, registry) }, cancellation: Token);

        using var image = await RegistryImage.PullAsync(name, Token);
        Assert.Equal(outcome.ImageDigest, image.Digest);
    }

    [Fact]
    public async Task Push_WithTokensOnTheClient_NeverGivesThePasswordAway()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", Guid.NewGuid().ToString());
        var auth = new WatchedAuth();
        await using var client = Testbed.Connect();
        var before = File.ReadAllLines(Testbed.TokenServerLog).Length;

        await client.SolveAsync(project.Request(null, Export.Image(NewName(Testbed.TokenRegistry), push: true)) with { RegistryAuth = auth }, cancellation: Token);

        // The daemon would have asked with Go's user agent.
        var mine = File.ReadAllLines(Testbed.TokenServerLog).Skip(before).Where(line => line.EndsWith("200 OK", StringComparison.Ordinal)).ToArray();
        Assert.Contains(mine, line => line.StartsWith("GET /token - 200", StringComparison.Ordinal));
        Assert.True(auth.Asked > 0);
    }

    [Theory]
    [InlineData(Testbed.LoginRegistry)]
    [InlineData(Testbed.TokenRegistry)]
    public async Task Push_WithAWrongLogin_FailsAndSaysWhere(string registry)
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", "hello");
        var login = new StaticRegistryAuth(new Dictionary<string, RegistryCredential> { [registry] = new("ci", "wrong-password") });
        await using var client = Testbed.Connect();

        var error = await Assert.ThrowsAnyAsync<BuildKitException>(
            () => client.SolveAsync(project.Request(null, Export.Image(NewName(registry), push: true)) with { RegistryAuth = login }, cancellation: Token));

        Assert.Contains(registry.Split(':')[1], error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-password", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_OfTwoPlatforms_IsAnIndex()
    {
        using var project = new Project("FROM scratch\nARG TARGETARCH\nCOPY greeting-$TARGETARCH /greeting\n");
        project.Write("greeting-amd64", "a");
        project.Write("greeting-arm64", "b");
        var name = NewName(Testbed.Registry);
        await using var client = Testbed.Connect();

        var outcome = await client.SolveAsync(
            project.Request(new DockerfileOptions { Platforms = ["linux/amd64", "linux/arm64"] }, Export.Image(name, push: true)), cancellation: Token);

        using var image = await RegistryImage.PullAsync(name, Token);
        Assert.Equal(outcome.ImageDigest, image.Digest);
        Assert.Equal("b", (await image.FilesAsync(Token, await image.ManifestOfAsync("linux/arm64", Token)))["greeting"]);
        Assert.Equal("a", (await image.FilesAsync(Token, await image.ManifestOfAsync("linux/amd64", Token)))["greeting"]);
    }

    [Fact]
    public async Task Provenance_OfABuild_IsAttached()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", "hello");
        var name = NewName(Testbed.Registry);
        var options = new DockerfileOptions { Attestations = new Dictionary<string, string> { ["provenance"] = "mode=max,builder-id=https://ci.example/job/1" } };
        await using var client = Testbed.Connect();

        await client.SolveAsync(project.Request(options, Export.Image(name, push: true)), cancellation: Token);

        using var image = await RegistryImage.PullAsync(name, Token);
        Assert.Contains(
            image.Manifest.GetProperty("manifests").EnumerateArray(),
            entry => entry.TryGetProperty("annotations", out var notes) && notes.GetProperty("vnd.docker.reference.type").GetString() == "attestation-manifest");
        var statement = await image.ManifestOfAsync("unknown/unknown", Token);
        Assert.Equal("https://slsa.dev/provenance/v0.2", statement.GetProperty("layers")[0].GetProperty("annotations").GetProperty("in-toto.io/predicate-type").GetString());
    }

    private sealed class WatchedAuth : IRegistryAuth
    {
        public int Asked { get; private set; }

        public ValueTask<RegistryCredential?> GetCredentialAsync(string host, CancellationToken cancellation)
        {
            Asked++;
            return ValueTask.FromResult<RegistryCredential?>(new(Testbed.User, Testbed.Password));
        }
    }
}
