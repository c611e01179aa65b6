using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using PodExecutor.Link.Builders;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>build and its results, by the published agent against a real BuildKit.</summary>
public sealed class BuildTests
{
    [Fact]
    public async Task Commands_OfTheSeedsPipeline_BuildAndPush()
    {
        using var project = new Project().Dockerfile("COPY app /app").Write("app", "content");
        var image = project.Image(Testbed.LoginRegistry);

        await project.PassAsync("nerdctl", "build", "--buildkit-host", Testbed.Builder, "-t", image, ".");
        var images = await project.PassAsync("nerdctl", "images");
        await project.PassAsync("nerdctl", "login", "--insecure-registry", Testbed.LoginRegistry, "-u", Testbed.User, "-p", Testbed.Password);
        var push = await project.PassAsync("nerdctl", "push", image, "--insecure-registry");
        await project.PassAsync("nerdctl", "rmi", "-f", image + " ");

        Assert.Contains($"{Testbed.LoginRegistry}/{project.Unique}/app", images.Output);
        var digest = await Skopeo.DigestAsync(image, "--creds", $"{Testbed.User}:{Testbed.Password}");
        Assert.Contains(digest, push.Output);
        Assert.DoesNotContain("WARNING", push.Log);
        Assert.DoesNotContain("app", (await project.PassAsync("nerdctl", "images", "-q")).Output);
    }

    [Fact]
    public async Task Login_ThatIsWrong_IsRefusedAndNotKept()
    {
        using var project = new Project();

        var result = await project.RunAsync("docker", Encoding.UTF8.GetBytes("wrong"), "login", "-u", Testbed.User, "--password-stdin", Testbed.LoginRegistry);

        Assert.Equal(1, result.Code);
        Assert.Contains("refuses the login of ci", result.Log);
        Assert.False(File.Exists(Path.Combine(project.Variables["HOME"], ".docker", "config.json")));
    }

    [Theory]
    [InlineData(Testbed.LoginRegistry)]
    [InlineData(Testbed.TokenRegistry)]
    public async Task Push_InGitLab_NeedsNoLogin(string registry)
    {
        using var project = new Project().Dockerfile("RUN echo $UNIQUE > /made");
        (project.Variables["CI_REGISTRY"], project.Variables["CI_REGISTRY_USER"], project.Variables["CI_REGISTRY_PASSWORD"]) = (registry, Testbed.User, Testbed.Password);
        (project.Variables["CI_COMMIT_SHA"], project.Variables["CI_PROJECT_URL"]) = ("0123abcd", "https://gitlab.test/group/demo");

        var result = await project.PassAsync("image-build", "-t", project.Image(registry), "--push", "--dotenv", "image.env", "--metadata-file", "meta.json", "--iidfile", "id", ".");

        var dotenv = File.ReadAllLines(project.At("image.env")).Select(l => l.Split('=', 2)).ToDictionary(l => l[0], l => l[1]);
        Assert.Equal($"{project.Image(registry)}@{dotenv["IMAGE_DIGEST"]}", dotenv["IMAGE_REF"]);
        Assert.Contains($"Pushed {project.Image(registry)}@{dotenv["IMAGE_DIGEST"]}", result.Log);
        var meta = JsonDocument.Parse(File.ReadAllText(project.At("meta.json"))).RootElement;
        Assert.Equal(dotenv["IMAGE_DIGEST"], meta.GetProperty("containerimage.digest").GetString());
        Assert.Equal(dotenv["IMAGE_DIGEST"], meta.GetProperty("containerimage.descriptor").GetProperty("digest").GetString());
        Assert.Equal(dotenv["IMAGE_ID"], File.ReadAllText(project.At("id")));
        if (registry == Testbed.LoginRegistry)
        {
            var labels = (await Skopeo.InspectAsync("docker://" + project.Image(registry), "--creds", $"{Testbed.User}:{Testbed.Password}")).GetProperty("Labels");
            Assert.Equal("0123abcd", labels.GetProperty("org.opencontainers.image.revision").GetString());
        }
    }

    [Fact]
    public async Task Push_WithoutALogin_SaysWhichOneWasMissed()
    {
        using var project = new Project().Dockerfile("LABEL a=b");

        var result = await project.RunAsync("docker", "build", "-t", project.Image(Testbed.LoginRegistry), "--push", ".");

        Assert.Equal(1, result.Code);
        Assert.Contains($"help: for {Testbed.LoginRegistry} no login was used", result.Log);
    }

    [Fact]
    public async Task Tag_AndPush_OfAnotherName_IsTheSameImage()
    {
        using var project = new Project().Dockerfile("RUN date +%N > /made");
        var other = $"{Testbed.Registry}/{project.Unique}/other:2";

        await project.PassAsync("docker", "build", "-t", project.Image(), ".");
        await project.PassAsync("docker", "tag", project.Image(), other);
        await project.PassAsync("docker", "push", project.Image());
        await project.PassAsync("docker", "push", other);

        Assert.Equal(await Skopeo.DigestAsync(project.Image()), await Skopeo.DigestAsync(other));
    }

    [Fact]
    public async Task Outputs_OfEveryKind_ArriveInThePod()
    {
        using var project = new Project().Write(".dockerignore", "*.tar\nout\ncopied\n").Write("app", "content").Write("Dockerfile", "FROM scratch\nCOPY app /app\n");

        await project.PassAsync("docker", "build", "-o", "out", ".");
        await project.PassAsync("docker", "build", "-o", "type=tar,dest=out.tar", ".");
        await project.PassAsync("docker", "build", "-t", "demo:1", "-o", "type=oci,dest=oci.tar", ".");
        await project.PassAsync("docker", "build", "-t", "demo:1", ".");
        await project.PassAsync("docker", "save", "-o", "docker.tar", "demo:1");

        Assert.Equal("content", File.ReadAllText(project.At("out/app")));
        Assert.Equal(["app"], Entries(project.At("out.tar")));
        Assert.Contains("index.json", Entries(project.At("oci.tar")));
        Assert.Contains("manifest.json", Entries(project.At("docker.tar")));
        await Skopeo.RunAsync("copy", "--quiet", $"docker-archive:{project.At("docker.tar")}:docker.io/library/demo:1", $"dir:{project.At("copied")}");
    }

    [Fact]
    public async Task BuildArguments_Secrets_Targets_ReachTheSteps()
    {
        using var project = new Project().Write("key", "of a file").Dockerfile(
            "ARG GREETING", "ARG FROM_ENV",
            "RUN --mount=type=secret,id=TOKEN --mount=type=secret,id=file echo \"$GREETING $FROM_ENV $(cat /run/secrets/TOKEN | md5sum) $(cat /run/secrets/file)\" > /made",
            $"FROM scratch AS result", "COPY --from=0 /made /", "FROM scratch AS wrong");
        (project.Variables["FROM_ENV"], project.Variables["TOKEN"]) = ("of the job", "s3cret");

        var result = await project.PassAsync(
            "docker", "build", "--build-arg", "GREETING=hello", "--build-arg", "FROM_ENV", "--secret", "id=TOKEN", "--secret", "id=file,src=key", "--target", "result", "-o", "out", "--progress=plain", ".");

        Assert.StartsWith("hello of the job ", File.ReadAllText(project.At("out/made")));
        Assert.EndsWith(" of a file\n", File.ReadAllText(project.At("out/made")));
        Assert.DoesNotContain("s3cret", result.All);
    }

    [Fact]
    public async Task Stdin_AsDockerfileAndAsArchive_IsBuilt()
    {
        using var project = new Project();
        using var archive = new MemoryStream();
        await using (var tar = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "sub/Dockerfile") { DataStream = new MemoryStream("FROM scratch\nCOPY app /\n"u8.ToArray()) }, TestContext.Current.CancellationToken);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "app") { DataStream = new MemoryStream("packed"u8.ToArray()) }, TestContext.Current.CancellationToken);
        }

        var dockerfile = await project.RunAsync("docker", Encoding.UTF8.GetBytes($"FROM {Testbed.Base}\nRUN echo {project.Unique} > /made\n"), "build", "-t", project.Image(), "-");
        var packed = await project.RunAsync("docker", archive.ToArray(), "build", "-f", "sub/Dockerfile", "-o", "out", "-");
        var pushed = await project.RunAsync("docker", "push", project.Image());

        Assert.True(dockerfile.Code == 0 && packed.Code == 0 && pushed.Code == 0, dockerfile.All + packed.All + pushed.All);
        Assert.Equal("packed", File.ReadAllText(project.At("out/app")));
        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(project.Image()));
    }

    [Fact]
    public async Task FailedStep_IsToldLastWithItsPlaceInTheDockerfile()
    {
        // One stream: the order of two is BuildKit's, which reads a pipe each.
        using var project = new Project().Dockerfile("RUN exec >&2; echo before; echo trouble; exit 3", "RUN echo never");

        var result = await project.RunAsync("docker", "build", ".");

        Assert.Equal(1, result.Code);
        var end = result.Log[result.Log.IndexOf("------\n > [2/3] RUN exec >&2; echo before", StringComparison.Ordinal)..];
        Assert.Contains("\nbefore\ntrouble\n------\nDockerfile:3\n", end);
        Assert.Contains("   3 | >>> RUN exec >&2; echo before; echo trouble; exit 3\n", end);
        Assert.Contains("exit code: 3\n", end);
    }

    /// <summary>BuildKit cannot put this failure into words: it resets the call. That is no builder that goes away.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Dockerfile_InLatin1_FailsTheBuildAndNotTheBuilder(bool gateway)
    {
        using var project = new Project();
        File.WriteAllBytes(project.At("Dockerfile"), Encoding.Latin1.GetBytes("FROM scratch\nCAFÉ ou thé\n"));
        await using var helper = gateway ? await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("one")) : null;
        helper?.Serve(project);

        var result = await project.RunAsync("docker", "build", ".");

        Assert.Equal(1, result.Code);
        Assert.Contains("is not UTF-8 text everywhere", result.Log);
        Assert.Contains("ERROR: failed to build: the builder broke its answer off", result.Log);
        Assert.DoesNotContain("went away", result.Log);
    }

    [Fact]
    public async Task Warnings_OfTheDockerfile_AreACodeQualityReport()
    {
        using var project = new Project().Write("images/Dockerfile", $"FROM {Testbed.Base} as base\nCMD echo {"$"}HOME\n");
        project.Variables["CI_PROJECT_DIR"] = project.Folder;

        await project.PassAsync("image-build", "-f", "images/Dockerfile", "--code-quality", "quality.json", "images");

        var findings = JsonDocument.Parse(File.ReadAllText(project.At("quality.json"))).RootElement.EnumerateArray().ToList();
        Assert.Contains(findings, f => f.GetProperty("check_name").GetString() == "FromAsCasing" && f.GetProperty("location").GetProperty("path").GetString() == "images/Dockerfile");
        Assert.Equal(findings.Count, findings.Select(f => f.GetProperty("fingerprint").GetString()).Distinct().Count());
    }

    [Theory]
    [InlineData(1, "FromAsCasing", "FROM scratch as base")]
    [InlineData(0, "Check complete, no warnings found.", "FROM scratch")]
    public async Task Check_OfADockerfile_TellsAndDoesNotBuild(int code, string expected, string line)
    {
        using var project = new Project().Write("Dockerfile", $"{line}\nCOPY missing /\n");

        var result = await project.RunAsync("docker", "build", "--check", ".");

        Assert.Equal(code, result.Code);
        Assert.Contains(expected, result.Output);
    }

    [Fact]
    public async Task JobLog_InGitLab_IsFolded()
    {
        using var project = new Project().Dockerfile("RUN echo said");
        project.Variables["GITLAB_CI"] = "true";

        var first = await project.PassAsync("docker", "build", ".");
        var second = await project.PassAsync("docker", "build", ".");

        Assert.Matches(@"section_start:\d+:image_\w+\[collapsed=true\]\r\e\[0K#\d+ \[2/2\] RUN echo said\n[0-9.]+ said\nsection_end:", first.Log);
        Assert.Matches(@"\n#\d+ \[2/2\] RUN echo said CACHED\n", second.Log);
        Assert.Contains("1 of 1 cached", second.Log);
    }

    [Fact]
    public async Task Push_ToAnOldDaemon_SaysWhatItLacks()
    {
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        project.Variables["BUILDKIT_HOST"] = Testbed.OldBuilder;

        var push = await project.RunAsync("docker", "build", "-t", project.Image(), "--push", ".");
        var local = await project.RunAsync("docker", "build", "-o", "out", ".");

        Assert.Equal(1, push.Code);
        Assert.Contains("image", push.Log);
        Assert.True(local.Code == 0, local.All);
        Assert.True(File.Exists(project.At("out/Dockerfile")));
    }

    private static List<string> Entries(string path)
    {
        using var reader = new TarReader(File.OpenRead(path));
        var names = new List<string>();
        while (reader.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name.TrimEnd('/'));
        }

        return names;
    }
}
