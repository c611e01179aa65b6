using System.Text.Json;
using PodExecutor.Link.Builders;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>A build for platforms that no single builder has: each on a builder that has it, then one index in the registry.</summary>
public sealed class SplitTests
{
    private const string Amd = "linux/amd64";
    private const string Arm = "linux/arm64";
    private const string Both = Amd + "," + Arm;
    private const string JobPage = "https://gitlab.test/group/demo/-/jobs/42";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Both)]
    [InlineData(Arm + "," + Amd)]
    public async Task Push_OfTwoBuilders_IsTheIndexThatOneBuilderMakes(string platforms)
    {
        using var project = Files();
        string[] flags = ["--platform", platforms, "--build-arg", "SOURCE_DATE_EPOCH=0", "--annotation", "index:kept=yes", "--annotation", "manifest:in=image", "--annotation", $"manifest[{Arm}]:only=arm", "--annotation", $"manifest-descriptor[{Arm}]:of=arm"];

        await using var two = await HelperContainer.StartAsync(new BuildPolicy(), Of("one", Amd), Of("two", Arm));
        two.Serve(project);
        var split = await project.PassAsync("image-build", ["-t", project.Image(), "--push", "--no-ci-labels", "--progress", "plain", "--metadata-file", "metadata.json", "--dotenv", "image.env", .. flags, "."]);
        await using var one = await HelperContainer.StartAsync(new BuildPolicy(), Of("all", Amd, Arm));
        one.Serve(project);
        await project.PassAsync("image-build", ["-t", project.Image() + "-one", "--push", "--no-ci-labels", .. flags, "."]);

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        Assert.Equal("amd", (await image.FilesAsync(Token, await image.ManifestOfAsync(Amd, Token)))["app"]);
        Assert.Equal("arm", (await image.FilesAsync(Token, await image.ManifestOfAsync(Arm, Token)))["app"]);
        Assert.Equal("arm64", (await image.ConfigAsync(Token, await image.ManifestOfAsync(Arm, Token))).GetProperty("architecture").GetString());
        Assert.Equal(await Skopeo.DigestAsync(project.Image() + "-one"), image.Digest);
        Assert.Contains($"Pushed {project.Image()}@{image.Digest}", split.Log);
        Assert.Contains($"IMAGE_DIGEST={image.Digest}\n", File.ReadAllText(project.At("image.env")));
        using var metadata = JsonDocument.Parse(File.ReadAllText(project.At("metadata.json")));
        Assert.Equal(image.Digest, metadata.RootElement.GetProperty("containerimage.digest").GetString());
        Assert.Matches(@"\n#\d+ \[linux/arm64 internal\] load build definition", split.Log);
        Assert.Matches(@"\n#\d+ \[linux/amd64 \d/\d\] COPY", split.Log);
    }

    [Theory]
    [InlineData(Testbed.LoginRegistry)]
    [InlineData(Testbed.TokenRegistry)]
    [InlineData("127.0.0.1:15002")]
    public async Task Push_WithTheJobsLogin_WritesTheIndexUnderEachTag(string registry)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Of("one", Amd), Of("two", Arm));
        using var project = Files();
        helper.Serve(project);
        (project.Variables["CI_REGISTRY"], project.Variables["CI_REGISTRY_USER"], project.Variables["CI_REGISTRY_PASSWORD"]) = (registry, Testbed.User, Testbed.Password);
        project.Variables["CI_SERVER_TLS_CA_FILE"] = Registries.Authority;
        string[] names = [project.Image(registry), project.Image(registry) + "-more", $"{registry}/{project.Unique}/second:1"];

        var built = await project.PassAsync("docker", ["build", "--platform", Both, .. names.SelectMany(n => new[] { "-t", n }), "--push", "."]);

        // Else a builder would have made the index, which needs neither login nor certificate here.
        Assert.DoesNotContain("is not reached from this pod", built.Log);
        var digests = new List<string>();
        foreach (var name in names)
        {
            digests.Add(await Skopeo.DigestAsync(name, "--creds", $"{Testbed.User}:{Testbed.Password}"));
        }

        Assert.StartsWith("sha256:", Assert.Single(digests.Distinct()));
        var raw = await Skopeo.InspectAsync("docker://" + names[2], "--raw", "--creds", $"{Testbed.User}:{Testbed.Password}");
        Assert.Equal([Amd, Arm], raw.GetProperty("manifests").EnumerateArray().Select(RegistryImage.PlatformOf));
    }

    [Fact]
    public async Task Push_WithProvenance_KeepsEachPlatformsOwn()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { BuilderId = JobPage }, Of("one", Amd), Of("two", Arm));
        using var project = Files();
        helper.Serve(project);

        await project.PassAsync("image-build", "--platform", Both, "--provenance=max", "-t", project.Image(), "--push", ".");

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        var entries = image.Manifest.GetProperty("manifests").EnumerateArray().ToList();
        Assert.Equal([Amd, Arm, "unknown/unknown", "unknown/unknown"], entries.Select(RegistryImage.PlatformOf));
        Assert.Equal(
            entries.Take(2).Select(e => e.GetProperty("digest").GetString()),
            entries.Skip(2).Select(e => e.GetProperty("annotations").GetProperty("vnd.docker.reference.digest").GetString()));
        foreach (var entry in entries.Skip(2))
        {
            using var attestation = await RegistryImage.PullAsync($"{project.Image()[..^2]}@{entry.GetProperty("digest").GetString()}", Token);
            var statement = (await attestation.StatementsAsync(attestation.Manifest, Token)).Single().Value;
            Assert.Equal(JobPage, statement.GetProperty("predicate").GetProperty("builder").GetProperty("id").GetString());
        }
    }

    [Theory]
    [InlineData]
    [InlineData("--annotation", "manifest:in=image")]
    public async Task Push_ToARegistryThatThePodDoesNotReach_IsJoinedByABuilder(params string[] flags)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Of("one", Amd), Of("two", Arm));
        using var project = Files();
        helper.Serve(project);
        (project.Variables["CI_REGISTRY"], project.Variables["CI_REGISTRY_USER"], project.Variables["CI_REGISTRY_PASSWORD"]) = (Registries.WithTls, Testbed.User, Testbed.Password);
        var name = project.Image(Registries.WithTls);

        var joined = await project.PassAsync("docker", ["build", "--platform", Both, "-t", name, "--push", .. flags, "."]);
        var attested = await project.RunAsync("docker", ["build", "--platform", Both, "-t", name + "-attested", "--push", "--provenance=min", .. flags, "."]);

        // Its name is known to the builders only.
        Assert.Contains($"{Registries.WithTls} is not reached from this pod", joined.Log);
        using var image = await RegistryImage.PullAsync(name, Token);
        Assert.Equal([Amd, Arm], image.Manifest.GetProperty("manifests").EnumerateArray().Select(RegistryImage.PlatformOf));
        Assert.Equal("amd", (await image.FilesAsync(Token, await image.ManifestOfAsync(Amd, Token)))["app"]);
        Assert.Equal("arm", (await image.FilesAsync(Token, await image.ManifestOfAsync(Arm, Token)))["app"]);
        Assert.Contains($"Pushed {name}@{image.Digest}", joined.Log);
        Assert.Equal(1, attested.Code);
        Assert.Contains($"ERROR: Asking the registry {Registries.WithTls} failed: the host's name is not known (DNS). With several builders,", attested.Log);
        Assert.DoesNotContain("load build definition", attested.Log);
    }

    [Fact]
    public async Task Build_WithoutPush_IsPushedLaterUnderTheSameDigest()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Of("one", Amd), Of("two", Arm));
        using var project = Files();
        helper.Serve(project);

        var built = await project.PassAsync("docker", "build", "--platform", Both, "--build-arg", "SOURCE_DATE_EPOCH=0", "-t", project.Image(), "--iidfile", "id", ".");
        await project.PassAsync("docker", "push", project.Image());

        Assert.Contains("It is in no registry yet", built.Log);
        Assert.Equal(File.ReadAllText(project.At("id")), await Skopeo.DigestAsync(project.Image()));
    }

    [Fact]
    public async Task Output_ToAFolder_HasAFolderForEachPlatform()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Of("one", Amd), Of("two", Arm));
        using var project = Files();
        helper.Serve(project);

        await project.PassAsync("image-build", "--platform", Both, "-o", "out", ".");
        var archive = await project.RunAsync("image-build", "--platform", Both, "-o", "type=oci,dest=image.tar", ".");

        Assert.Equal("amd", File.ReadAllText(project.At("out/linux_amd64/app")));
        Assert.Equal("arm", File.ReadAllText(project.At("out/linux_arm64/app")));
        Assert.Equal(125, archive.Code);
        Assert.Contains("No builder has all of linux/amd64, linux/arm64. There are:", archive.Log);
        Assert.Contains("an archive, or a build on one builder by name, is not", archive.Log);
        Assert.False(File.Exists(project.At("image.tar")));
    }

    [Fact]
    public async Task Platform_ThatFails_StopsTheOtherAndTagsNothing()
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Of("one", Amd), Of("two", Arm));
        using var project = Files().Write("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY app-$TARGETARCH /app\nCOPY only-$TARGETARCH /only\n").Write("only-amd64", "1");
        helper.Serve(project);

        var result = await project.RunAsync("docker", "build", "--platform", Both, "-t", project.Image(), "--push", ".");

        Assert.Equal(1, result.Code);
        Assert.Contains("Dockerfile:4", result.Log);
        Assert.Contains("/only-arm64", result.Log[result.Log.LastIndexOf("ERROR: failed to build", StringComparison.Ordinal)..]);
        using var http = new HttpClient();
        using var tag = await http.GetAsync(new Uri($"http://{Testbed.Registry}/v2/{project.Unique}/app/manifests/1"), Token);
        Assert.Equal(404, (int)tag.StatusCode);
    }

    [Fact]
    public async Task Builder_ThatDiesDuringItsShare_IsReplacedByAnother()
    {
        await using var mortal = HelperContainer.Mortal();
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Of("arms", Arm), Of("mortal", mortal.Address, Amd), Of("second", Testbed.Builder, Amd));
        using var project = Files().Write("Dockerfile", $"""
            FROM scratch AS arm64
            FROM --platform={Amd} {Testbed.Base} AS amd64
            RUN echo begin; sleep 4; echo {Guid.NewGuid()} > /made
            FROM $TARGETARCH
            ARG TARGETARCH
            COPY app-$TARGETARCH /app

            """);
        helper.Serve(project);

        var result = await mortal.DieDuringAsync(project, "--platform", Both);

        Assert.True(result.Code == 0, result.All);
        Assert.Contains("The builder mortal went away", result.Log);
        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        Assert.Equal([Amd, Arm], image.Manifest.GetProperty("manifests").EnumerateArray().Select(RegistryImage.PlatformOf));
    }

    [Fact]
    public async Task Builder_ThatDiesDuringItsShareAndHasNoOther_IsNobodysFault()
    {
        await using var mortal = HelperContainer.Mortal();
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Of("arms", Arm), Of("mortal", mortal.Address, Amd));
        using var project = Files().Write("Dockerfile", $"""
            FROM scratch AS arm64
            FROM --platform={Amd} {Testbed.Base} AS amd64
            RUN echo begin; sleep 4; echo {Guid.NewGuid()} > /made
            FROM $TARGETARCH

            """);
        helper.Serve(project);

        var result = await mortal.DieDuringAsync(project, "--platform", Both);

        Assert.Equal(75, result.Code);
        Assert.Contains("ERROR: No builder is left that has all of linux/amd64.", result.Log);
        Assert.Contains("mortal went away while this build ran", helper.AwayNote);
    }

    [Fact]
    public async Task Builder_ThatHasAllPlatformsAndComesBack_IsWaitedFor()
    {
        var port = Ports.Free();
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy(), Of("amds", Amd), Of("arms", Arm), Of("all", $"tcp://127.0.0.1:{port}", Amd, Arm));
        using var project = Files();
        helper.Serve(project);

        using var process = project.Start("docker", "build", "--platform", Both, "-t", project.Image(), "--push", ".");
        process.StandardInput.Close();
        var first = await process.StandardError.ReadLineAsync(Token);
        await using var all = new MortalProxy(System.Net.IPAddress.Loopback, new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, new Uri(Testbed.Builder).Port), port);
        var rest = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);

        Assert.StartsWith("Waiting for a builder: ", first);
        Assert.True(process.ExitCode == 0, rest);
        Assert.DoesNotContain("on builders of their own", rest);
    }

    [Theory]
    [InlineData("type=registry,ref={repository}:cache,mode=max", "type=registry,ref={repository}:cache")]
    [InlineData("type=local,dest=cache,mode=max", "type=local,src=cache")]
    public async Task Caches_OfTwoBuilders_DoNotReplaceEachOther(string to, string from)
    {
        // Files of this run alone: the second daemon must have them from the cache.
        using var project = Files().Write(".dockerignore", "cache\n").Write("app-amd64", $"{Guid.NewGuid()}").Write("app-arm64", $"{Guid.NewGuid()}");
        string Place(string text) => text.Replace("{repository}", $"{Testbed.Registry}/{project.Unique}/cache");
        await using (var first = await HelperContainer.StartAsync(new BuildPolicy(), Of("one", Amd), Of("two", Arm)))
        {
            first.Serve(project);
            await project.PassAsync("docker", "build", "--platform", Both, "-t", project.Image(), "--push", "--cache-to", Place(to), ".");
        }

        // Another daemon, that has seen nothing of the first one's build.
        await using var second = await HelperContainer.StartAsync(new BuildPolicy(), Of("one", Testbed.OtherBuilder, Amd), Of("two", Testbed.OtherBuilder, Arm));
        second.Serve(project);
        var again = await project.PassAsync("docker", "build", "--platform", Both, "-t", project.Image(), "--push", "--cache-from", Place(from), "--progress", "plain", ".");

        foreach (var platform in new[] { Amd, Arm })
        {
            var step = System.Text.RegularExpressions.Regex.Match(again.Log, $@"\n(#\d+) \[{platform} 1/1\] COPY").Groups[1].Value;
            Assert.Contains($"\n{step} CACHED\n", again.Log);
        }
    }

    private static Project Files() =>
        new Project().Write("app-amd64", "amd").Write("app-arm64", "arm").Write("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY app-$TARGETARCH /app\n");

    private static Builder Of(string name, params string[] platforms)
    {
        var address = platforms[0].Contains("://", StringComparison.Ordinal) ? platforms[0] : Testbed.Builder;
        var builder = HelperContainer.Plain(name, address);
        builder.Platforms.Add(platforms.Where(p => p != address));
        return builder;
    }
}
