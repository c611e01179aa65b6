using System.Text.Json;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>Images of other jobs: pull, load, and what pipelines do with them then. The second job knows nothing of what the first has built.</summary>
public sealed class PullTests : IDisposable
{
    private const string Tls = "127.0.0.1:15002";

    private readonly Project _builder = new Project().Write("app", "content").Write("Dockerfile", "FROM scratch\nCOPY app /app\n");
    private readonly Project _job = new();

    public PullTests()
    {
        // Of this run alone, else all its layers would be in the registry already.
        _builder.Write("app", _builder.Unique);
        foreach (var project in new[] { _builder, _job })
        {
            project.Variables["DOCKER_AUTH_CONFIG"] = Logins(Testbed.Password);
            project.Variables["CI_SERVER_TLS_CA_FILE"] = Registries.Authority;
        }
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _builder.Dispose();
        _job.Dispose();
    }

    [Fact]
    public async Task Pull_FromARegistryThatTheOperatorCallsInsecure_NeedsNoFlag()
    {
        var image = Name(Tls, "app", "test");
        await PushAsync(image);
        _job.Variables.Remove("CI_SERVER_TLS_CA_FILE");
        var untrusted = await _job.RunAsync("docker", "pull", image);
        await using var helper = await HelperContainer.StartAsync(new Link.Builders.BuildPolicy { InsecureRegistries = { Tls } }, HelperContainer.Plain("one"));
        helper.Serve(_job);

        await _job.PassAsync("docker", "pull", image);

        Assert.True(untrusted.Code == 1, untrusted.All);
    }

    [Theory]
    [InlineData(Testbed.LoginRegistry)]
    [InlineData(Testbed.TokenRegistry)]
    [InlineData(Tls)]
    public async Task Promotion_OfGitLabsManual_KeepsTheDigestAndMovesNoLayer(string registry)
    {
        var (test, release, elsewhere) = (Name(registry, "app", "test"), Name(registry, "app", "latest"), Name(registry, "release", "1"));
        await PushAsync(test);

        var pulled = await _job.PassAsync("docker", "pull", test);
        await _job.PassAsync("docker", "tag", test, release);
        await _job.PassAsync("docker", "tag", test, elsewhere);
        await _job.PassAsync("docker", "push", release);
        var mounted = await _job.PassAsync("docker", "push", elsewhere);

        var digest = await DigestAsync(test);
        Assert.Contains($"Digest: {digest}\n", pulled.Output);
        Assert.Equal([digest, digest], [await DigestAsync(release), await DigestAsync(elsewhere)]);
        Assert.Contains($"\n1: digest: {digest} size: ", mounted.Output);
        Assert.Equal(2, mounted.Log.Split('\n').Count(l => l.EndsWith($": Mounted from {_builder.Unique}/app", StringComparison.Ordinal)));
        Assert.DoesNotContain(": Pushed", mounted.Log);
    }

    [Theory]
    [InlineData(Testbed.LoginRegistry, Testbed.Registry)]
    [InlineData(Testbed.Registry, Testbed.TokenRegistry)]
    [InlineData(Testbed.TokenRegistry, Tls)]
    public async Task Index_WithAttestations_GoesToAnotherRegistryWhole(string from, string to)
    {
        var (test, release) = (Name(from, "app", "1"), Name(to, "release", "1"));
        await PushAsync(test, "--platform", "linux/amd64,linux/arm64", "--provenance=max");

        await _job.PassAsync("docker", "pull", "-q", test);
        await _job.PassAsync("docker", "tag", test, release);
        var pushed = await _job.PassAsync("docker", "push", release);

        Assert.Equal(await DigestAsync(test), await DigestAsync(release));
        Assert.Contains(": Pushed", pushed.Log);
        if (to != Tls)
        {
            using var image = await RegistryImage.PullAsync(release, Token);
            Assert.Equal(4, image.Manifest.GetProperty("manifests").GetArrayLength());
            Assert.Equal(_builder.Unique, (await image.FilesAsync(Token, await image.ManifestOfAsync("linux/arm64", Token)))["app"]);
            var attestation = image.Manifest.GetProperty("manifests").EnumerateArray().Last().GetProperty("digest").GetString();
            using var statements = await RegistryImage.PullAsync($"{release[..^2]}@{attestation}", Token);
            Assert.Contains("https://slsa.dev/provenance/v0.2", (await statements.StatementsAsync(statements.Manifest, Token)).Keys);
        }
    }

    [Fact]
    public async Task Platform_OfAnIndex_IsPromotedAlone()
    {
        var (test, release) = (Name(Testbed.LoginRegistry, "app", "1"), Name(Testbed.LoginRegistry, "release", "1"));
        await PushAsync(test, "--platform", "linux/amd64,linux/arm64");

        await _job.PassAsync("nerdctl", "pull", "--platform", "arm64", "--unpack=false", test);
        await _job.PassAsync("nerdctl", "tag", test, release);
        await _job.PassAsync("nerdctl", "push", release);

        using var image = await RegistryImage.PullAsync(release, Token);
        Assert.Equal("arm64", (await image.ConfigAsync(Token)).GetProperty("architecture").GetString());
    }

    [Fact]
    public async Task Pull_ThatFails_SaysWhy()
    {
        var name = Name(Testbed.LoginRegistry, "app", "none");
        var missing = await _job.RunAsync("docker", "pull", name);
        _job.Variables["DOCKER_AUTH_CONFIG"] = Logins("wrong");
        var refused = await _job.RunAsync("docker", "pull", name);
        var away = await _job.RunAsync("docker", "pull", "127.0.0.1:1/app");

        Assert.Equal([1, 1, 1], [missing.Code, refused.Code, away.Code]);
        Assert.Contains($"manifest for {name} not found: manifest unknown", missing.Log);
        Assert.Contains("answers 401", refused.Log);
        Assert.Contains($"the login {Testbed.User} of DOCKER_AUTH_CONFIG was used", refused.Log);
        Assert.Contains("the host cannot be connected to", away.Log);
    }

    [Theory]
    [InlineData("linux/amd64")]
    [InlineData("linux/amd64,linux/arm64")]
    public async Task Artifact_OfSave_IsLoadedAndPushedByTheNextJob(string platforms)
    {
        var (name, release) = (Name(Testbed.LoginRegistry, "app", "1"), Name(Testbed.Registry, "release", "1"));
        await _builder.PassAsync("docker", "build", "--platform", platforms, "-t", name, ".");
        await _builder.PassAsync("docker", "save", "-o", _job.At("image.tar"), name);
        var built = await _builder.PassAsync("docker", "inspect", "-f", "{{.Digest}} {{.Id}}", name);

        var loaded = await _job.PassAsync("docker", "load", "-i", "image.tar");
        await _job.PassAsync("docker", "tag", name, release);
        await _job.PassAsync("docker", "push", name);
        await _job.PassAsync("docker", "push", release);

        Assert.Equal($"Loaded image: {name}\n", loaded.Output);
        var found = await _job.PassAsync("docker", "inspect", "-f", "{{.Digest}} {{.Id}}", name);
        Assert.Equal(found.Output.Split(' ')[0], await DigestAsync(release));

        // For several platforms the builder's archive has OCI's types, and the image docker's.
        Assert.Equal(platforms == "linux/amd64", built.Output == found.Output);
        using var image = await RegistryImage.PullAsync(release, Token);
        var manifest = platforms == "linux/amd64" ? image.Manifest : await image.ManifestOfAsync("linux/amd64", Token);
        Assert.Equal(manifest.GetProperty("config").GetProperty("digest").GetString(), found.Output.Trim().Split(' ')[1]);
        Assert.Equal(_builder.Unique, (await image.FilesAsync(Token, manifest))["app"]);
    }

    [Fact]
    public async Task Archive_OfAnotherProgram_IsLoadedAndWhatIsPulledIsSavedForIt()
    {
        var (name, release) = (Name(Testbed.Registry, "app", "1"), Name(Testbed.Registry, "release", "1"));
        await PushAsync(name);
        await Skopeo.RunAsync("--insecure-policy", "copy", "--src-tls-verify=false", "docker://" + name, $"docker-archive:{_job.At("old.tar")}:{release}");

        var loaded = await _job.PassAsync("docker", "load", "-i", "old.tar");
        await _job.PassAsync("docker", "push", release);
        await _job.PassAsync("docker", "pull", name);
        await _job.PassAsync("docker", "save", "-o", "saved.tar", name);

        Assert.Equal($"Loaded image: {release}\n", loaded.Output);
        using var image = await RegistryImage.PullAsync(release, Token);
        Assert.Equal(_builder.Unique, (await image.FilesAsync(Token))["app"]);
        using var saved = JsonDocument.Parse(await Skopeo.RunAsync("inspect", "--raw", "oci-archive:" + _job.At("saved.tar")));
        using var original = await RegistryImage.PullAsync(name, Token);
        Assert.Equal(original.Manifest.ToString(), saved.RootElement.ToString());
        Assert.Equal("amd64", (await Skopeo.InspectAsync("docker-archive:" + _job.At("saved.tar"))).GetProperty("Architecture").GetString());
    }

    [Fact]
    public async Task Archive_ThatIsCut_IsRefused()
    {
        await _builder.PassAsync("docker", "build", "-t", "app", "-o", $"type=docker,dest={_job.At("image.tar")}", ".");
        await using (var file = File.OpenWrite(_job.At("image.tar")))
        {
            file.SetLength(file.Length / 3);
        }

        var result = await _job.RunAsync("docker", "load", "-i", "image.tar");

        Assert.Equal(1, result.Code);
        Assert.Contains("The archive image.tar cannot be loaded: ", result.Log);
    }

    [Fact]
    public async Task Index_OfImagesElsewhere_BringsThemFirst()
    {
        var (amd, arm) = (Name(Testbed.Registry, "amd", "1"), Name(Testbed.LoginRegistry, "arm", "1"));
        await PushAsync(amd, "--platform", "linux/amd64", "--provenance=max");
        await PushAsync(arm, "--platform", "linux/arm64");
        var (list, index, copy) = (Name(Testbed.LoginRegistry, "list", "1"), Name(Testbed.LoginRegistry, "index", "1"), Name(Testbed.Registry, "copy", "1"));

        await _job.PassAsync("docker", "manifest", "create", list, amd, arm);
        await _job.PassAsync("docker", "manifest", "annotate", list, arm, "--variant", "v9");
        await _job.PassAsync("docker", "manifest", "push", list);
        await _job.PassAsync("docker", "buildx", "imagetools", "create", "-t", index, amd, arm);
        var copied = await _job.PassAsync("docker", "buildx", "imagetools", "create", "-t", copy, "-t", copy + ".1", index);

        foreach (var name in new[] { list, index, copy })
        {
            using var image = await RegistryImage.PullAsync(name, Token);
            Assert.Equal(["linux/amd64", "linux/arm64", "unknown/unknown"], image.Manifest.GetProperty("manifests").EnumerateArray().Select(RegistryImage.PlatformOf));
            Assert.Equal(_builder.Unique, (await image.FilesAsync(Token, await image.ManifestOfAsync("linux/arm64", Token)))["app"]);
            Assert.NotEmpty(await image.AttestationsAsync(Token));
        }

        Assert.Equal([await DigestAsync(index), await DigestAsync(index)], [await DigestAsync(copy), await DigestAsync(copy + ".1")]);
        Assert.Contains(": Pushed", copied.Log);
    }

    private static string Logins(string password) => JsonSerializer.Serialize(new
    {
        auths = new[] { Testbed.LoginRegistry, Testbed.TokenRegistry, Tls }.ToDictionary(r => r, _ => new { username = Testbed.User, password }),
    });

    private static Task<string> DigestAsync(string name) => Skopeo.DigestAsync(name, "--creds", $"{Testbed.User}:{Testbed.Password}");

    private string Name(string registry, string path, string tag) => $"{registry}/{_builder.Unique}/{path}:{tag}";

    private Task<CliResult> PushAsync(string name, params string[] flags) => _builder.PassAsync("docker", ["build", "-t", name, "--push", .. flags, "."]);
}
