using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Daemon;

/// <summary>What a build takes from this machine while it runs: secrets, agents, layouts, uploads, caches.</summary>
public sealed class SessionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Secrets_AsFileAndVariable_AreReadAndNotKept()
    {
        using var project = new Project(
            $"FROM {Testbed.Base} AS build\nRUN --mount=type=secret,id=a --mount=type=secret,id=b,env=B --mount=type=secret,id=missing " +
            "{ cat /run/secrets/a; echo \" $B\"; [ ! -e /run/secrets/missing ]; } > /out\nFROM scratch\nCOPY --from=build /out /out\n");
        var (a, b) = (Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        File.WriteAllText(project.Out("secret"), a);
        await using var client = Testbed.Connect();
        var request = project.Request(new DockerfileOptions { NoCache = true }, Export.Local(project.Out("result"))) with
        {
            Secrets = new Dictionary<string, SecretSource> { ["a"] = SecretSource.FromFile(project.Out("secret")), ["b"] = SecretSource.FromValue(b) },
        };

        await client.SolveAsync(request, cancellation: Token);

        Assert.Equal($"{a} {b}\n", File.ReadAllText(project.Out("result/out")));
    }

    [Fact]
    public async Task Secret_ThatIsRequiredButMissing_FailsTheStep()
    {
        using var project = new Project($"FROM {Testbed.Base}\nRUN --mount=type=secret,id=a,required cat /run/secrets/a\n");
        await using var client = Testbed.Connect();

        var error = await Assert.ThrowsAsync<BuildFailedException>(() => client.SolveAsync(project.Request(), cancellation: Token));

        Assert.Contains("secret a: not found", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secret_WhoseFileIsNotThere_NamesIt()
    {
        using var project = new Project($"FROM {Testbed.Base}\nRUN --mount=type=secret,id=a cat /run/secrets/a\n");
        await using var client = Testbed.Connect();
        var request = project.Request() with { Secrets = new Dictionary<string, SecretSource> { ["a"] = SecretSource.FromFile(project.Out("none")) } };

        var error = await Assert.ThrowsAnyAsync<BuildKitException>(() => client.SolveAsync(request, cancellation: Token));

        Assert.Contains("\"a\"", error.Message, StringComparison.Ordinal);
        Assert.Contains(project.Out("none"), error.Message, StringComparison.Ordinal);
    }

    /// <summary>The agent protocol's list of keys is asked for in its own bytes.</summary>
    [Fact]
    public async Task SshAgent_WithAKeyOfOurs_ListsItInAStep()
    {
        using var project = new Project(
            $"FROM {Testbed.Debian} AS build\nRUN --mount=type=ssh perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new($ENV{{SSH_AUTH_SOCK}}) or die; syswrite $s, pack(\"Nc\", 1, 11); sysread $s, $d, 65536; print $d' > /out; [ -s /out ]\nFROM scratch\nCOPY --from=build /out /out\n");
        using var key = System.Security.Cryptography.RSA.Create(2048);
        await using var client = Testbed.Connect();
        var request = project.Request(new DockerfileOptions { NoCache = true }, Export.Local(project.Out("result"))) with
        {
            SshAgents = new Dictionary<string, SshAgent> { ["default"] = SshAgent.FromPrivateKeys(key.ExportRSAPrivateKeyPem()) },
        };

        await client.SolveAsync(request, cancellation: Token);

        var answer = File.ReadAllBytes(project.Out("result/out"));
        Assert.Equal(12, answer[4]);   // SSH_AGENT_IDENTITIES_ANSWER
        Assert.True(answer.AsSpan().IndexOf("ssh-rsa"u8) > 0);
        Assert.True(answer.AsSpan().IndexOf(key.ExportParameters(false).Modulus) > 0);
    }

    [Fact]
    public async Task Upload_AsContext_IsUnpackedByTheDaemon()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", "from stdin");
        using var tar = new MemoryStream();
        // The daemon looks at the first 1024 bytes: a tar with extended headers it takes for a Dockerfile.
        await using (var writer = new System.Formats.Tar.TarWriter(tar, System.Formats.Tar.TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var name in new[] { "Dockerfile", "greeting" })
            {
                await writer.WriteEntryAsync(Path.Combine(project.Context, name), name, Token);
            }
        }

        tar.Position = 0;
        await using var client = Testbed.Connect();
        var request = project.Request(new DockerfileOptions { ContextAddress = "http://buildkit-session/stdin" }, Export.Local(project.Out("result"))) with
        {
            LocalDirectories = new Dictionary<string, LocalDirectory>(),
            Uploads = new Dictionary<string, Stream> { ["stdin"] = tar },
        };

        await client.SolveAsync(request, cancellation: Token);

        Assert.Equal("from stdin", File.ReadAllText(project.Out("result/greeting")));
    }

    [Fact]
    public async Task NamedContexts_OfAFolderAnImageAndALayout_AreUsed()
    {
        using var project = new Project(
            "FROM layout AS from-layout\nFROM image AS from-image\nFROM scratch\nCOPY --from=extra /greeting /a\nCOPY --from=from-layout /greeting /b\nCOPY --from=from-image /bin/busybox /c\n");
        Directory.CreateDirectory(project.Out("extra"));
        File.WriteAllText(project.Out("extra/greeting"), "from a folder");
        await using var client = Testbed.Connect();
        using var other = new Project("FROM scratch\nCOPY greeting /greeting\n");
        other.Write("greeting", "from a layout");
        var layout = await client.SolveAsync(other.Request(null, Export.OciLayout(project.Out("layout"))), cancellation: Token);
        var options = new DockerfileOptions
        {
            NamedContexts = new Dictionary<string, string>
            {
                ["extra"] = "local:extra",
                ["image"] = "docker-image://" + Testbed.Base,
                ["layout"] = $"oci-layout://mine@{layout.ImageDigest}",
            },
        };
        var request = project.Request(options, Export.Local(project.Out("result")));
        request = request with
        {
            LocalDirectories = new Dictionary<string, LocalDirectory>(request.LocalDirectories) { ["extra"] = new(project.Out("extra")) },
            OciLayouts = new Dictionary<string, string> { ["mine"] = project.Out("layout") },
        };

        await client.SolveAsync(request, cancellation: Token);

        Assert.Equal("from a folder", File.ReadAllText(project.Out("result/a")));
        Assert.Equal("from a layout", File.ReadAllText(project.Out("result/b")));
        Assert.True(new FileInfo(project.Out("result/c")).Length > 100_000);
    }

    [Theory]
    [InlineData("local")]
    [InlineData("registry")]
    [InlineData("inline")]
    public async Task Cache_ExportedAndImportedAfterAPrune_IsUsed(string type)
    {
        using var project = new Project($"FROM {Testbed.Base}\nCOPY greeting /greeting\nRUN cat /proc/sys/kernel/random/uuid > /random\n");
        project.Write("greeting", Guid.NewGuid().ToString());
        var image = $"{Testbed.Registry}/buildkit/{Guid.NewGuid():N}";
        var (export, import) = type switch
        {
            "local" => (CacheEntry.Parse($"type=local,dest={project.Out("cache")},mode=max"), CacheEntry.Parse($"type=local,src={project.Out("cache")}")),
            "registry" => (CacheEntry.Parse($"type=registry,ref={image}:cache,mode=max"), CacheEntry.Parse($"{image}:cache")),
            _ => (CacheEntry.Parse("type=inline"), CacheEntry.Parse($"type=registry,ref={image}:1")),
        };
        await using var client = Testbed.Connect();
        var request = project.Request(null, Export.Image(image + ":1", push: true));
        var first = await client.SolveAsync(request with { CacheExports = [export] }, cancellation: Token);
        var log = new ProgressLog();

        // The other daemon has seen nothing of this.
        await using var other = Testbed.Connect("0.13");
        await other.SolveAsync(request with { Ref = Guid.NewGuid().ToString("N"), CacheImports = [import], Exports = [Export.Image(image + ":2", push: true)] }, log.Add, Token);

        Assert.NotNull(first.ImageDigest);
        Assert.True(log.WasCached("RUN cat"));
        using var a = await RegistryImage.PullAsync(image + ":1", Token);
        using var b = await RegistryImage.PullAsync(image + ":2", Token);
        Assert.Equal((await a.FilesAsync(Token, await Manifest(a)))["random"], (await b.FilesAsync(Token, await Manifest(b)))["random"]);

        static async Task<System.Text.Json.JsonElement> Manifest(RegistryImage image) =>
            image.Manifest.TryGetProperty("manifests", out _) ? await image.ManifestOfAsync("linux/amd64", Token) : image.Manifest;
    }

    [Fact]
    public async Task CacheImport_ThatIsNotThere_FailsNothing()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", "hello");
        await using var client = Testbed.Connect();
        var log = new ProgressLog();
        CacheEntry[] imports = [CacheEntry.Parse($"{Testbed.Registry}/buildkit/none:none"), CacheEntry.Parse($"type=local,src={project.Out("none")}")];

        await client.SolveAsync(project.Request(null, Export.Local(project.Out("result"))) with { CacheImports = imports }, log.Add, Token);

        Assert.Equal("hello", File.ReadAllText(project.Out("result/greeting")));
        Assert.Contains(log.Vertices, vertex => vertex.Error is not null && vertex.Name.StartsWith("importing cache", StringComparison.Ordinal));
    }
}
