using System.Formats.Tar;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>Where a build's files come from, beside a folder of the pod: git, HTTP, named contexts.</summary>
public sealed class SourceTests
{
    [Theory]
    [InlineData("#main", "in the root")]
    [InlineData("#main:sub", "in a folder")]
    public async Task GitContext_OfTheJobsGitLab_IsFetchedWithTheJobsToken(string fragment, string expected)
    {
        await using var site = await GitSite.StartAsync(Repository);
        using var project = new Project();
        (project.Variables["CI_SERVER_HOST"], project.Variables["CI_JOB_TOKEN"]) = ("127.0.0.1", GitSite.JobToken);

        var result = await project.PassAsync("image-build", "-o", "out", $"http://{site.Authority}/repo.git{fragment}");

        Assert.Equal(expected, File.ReadAllText(project.At("out/app")));
        Assert.DoesNotContain(GitSite.JobToken, result.All);
    }

    [Fact]
    public async Task GitContext_OfAnotherServer_GetsNoToken()
    {
        await using var site = await GitSite.StartAsync(Repository);
        using var project = new Project();
        (project.Variables["CI_SERVER_HOST"], project.Variables["CI_JOB_TOKEN"]) = ("gitlab.test", GitSite.JobToken);

        var result = await project.RunAsync("image-build", "-o", "out", $"http://{site.Authority}/repo.git#main");

        Assert.Equal(1, result.Code);
        Assert.Contains("could not read Username", result.Log);
    }

    [Fact]
    public async Task HttpContext_OfAnArchiveAndOfADockerfile_IsBuilt()
    {
        await using var site = await GitSite.StartAsync(Repository);
        // Not PAX: BuildKit knows an archive without compression by its first 1024 bytes.
        using var archive = new MemoryStream();
        await using (var tar = new TarWriter(archive, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "Dockerfile") { DataStream = new MemoryStream("FROM scratch\nCOPY app /app\n"u8.ToArray()) }, TestContext.Current.CancellationToken);
            await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "app") { DataStream = new MemoryStream("from an archive"u8.ToArray()) }, TestContext.Current.CancellationToken);
        }

        site.Files["/context.tar"] = archive.ToArray();
        site.Files["/Dockerfile"] = System.Text.Encoding.ASCII.GetBytes($"FROM {Testbed.Base}\nRUN echo from a Dockerfile > /app\nFROM scratch\nCOPY --from=0 /app /\n");
        using var project = new Project();

        await project.PassAsync("image-build", "-o", "archive", $"http://{site.Authority}/context.tar");
        await project.PassAsync("image-build", "-o", "dockerfile", $"http://{site.Authority}/Dockerfile");

        Assert.Equal("from an archive", File.ReadAllText(project.At("archive/app")));
        Assert.Equal("from a Dockerfile\n", File.ReadAllText(project.At("dockerfile/app")));
    }

    [Fact]
    public async Task NamedContexts_OfEveryKind_AreUsed()
    {
        using var project = new Project().Write("more/file", "from a folder").Write("layout/Dockerfile", "FROM scratch\nCOPY file /\n").Write("layout/file", "from a layout")
            .Write(".dockerignore", "*\n").Write("Dockerfile", "FROM layout AS layout\nFROM alias AS image\nFROM scratch\nCOPY --from=more file /a\nCOPY --from=layout file /b\nCOPY --from=image bin/busybox /c\nCOPY --from=second file /d\n");
        await project.PassAsync("image-build", "-t", "demo:1", "-o", "type=oci,dest=image,tar=false", "--iidfile", "id", "--metadata-file", "meta.json", "layout");
        var digest = System.Text.Json.JsonDocument.Parse(File.ReadAllText(project.At("meta.json"))).RootElement.GetProperty("containerimage.digest").GetString();

        await project.PassAsync(
            "image-build", "--build-context", "more=more", "--build-context", "layout=oci-layout://image:1", "--build-context", "second=oci-layout://./image@" + digest,
            "--build-context", "alias=docker-image://" + Testbed.Base, "-o", "out", ".");

        Assert.Equal(("from a folder", "from a layout", "from a layout"), (Text("a"), Text("b"), Text("d")));
        Assert.True(new FileInfo(project.At("out/c")).Length > 100_000);
        string Text(string name) => File.ReadAllText(project.At("out/" + name));
    }

    [Fact]
    public async Task NamedContext_OfTheJobsGitLab_IsFetchedWithTheJobsToken()
    {
        await using var site = await GitSite.StartAsync(Repository);
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY --from=root app /a\nCOPY --from=sub app /b\n");
        (project.Variables["CI_SERVER_HOST"], project.Variables["CI_JOB_TOKEN"]) = ("127.0.0.1", GitSite.JobToken);
        string[] flags = ["--build-context", $"root=http://{site.Authority}/repo.git", "--build-context", $"sub=http://{site.Authority}/repo.git#main:sub", "-o", "out", "."];

        var result = await project.PassAsync("image-build", flags);
        project.Variables["CI_SERVER_HOST"] = "gitlab.test";
        var foreign = await project.RunAsync("image-build", ["--no-cache", .. flags]);

        Assert.Equal(("in the root", "in a folder"), (File.ReadAllText(project.At("out/a")), File.ReadAllText(project.At("out/b"))));
        Assert.DoesNotContain(GitSite.JobToken, result.All);
        Assert.Equal(1, foreign.Code);
        Assert.Contains("could not read Username", foreign.Log);
    }

    /// <summary>The builder fetches it as one file, under the name that it has there, and unpacks nothing. 0.25 takes nothing but git there, for buildx neither.</summary>
    [Theory]
    [InlineData(Testbed.OtherBuilder, true)]
    [InlineData(Testbed.Builder, false)]
    public async Task NamedContext_OfAFileOnAWebServer_IsThatFile(string builder, bool taken)
    {
        await using var site = await GitSite.StartAsync(Repository);
        site.Files["/files/file.tar"] = [1, 2, 3];
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY --from=more file.tar /\n");
        project.Variables["BUILDKIT_HOST"] = builder;
        string[] build = ["build", "--build-context", $"more=http://{site.Authority}/files/file.tar", "-o", "out", "."];
        var name = "b" + project.Unique;
        Directory.CreateDirectory(project.Variables["HOME"]);
        await project.PassAsync(Testbed.Buildx, "create", "--driver", "remote", "--name", name, builder);

        var result = await project.RunAsync("docker", build);
        var buildx = await project.RunAsync(Testbed.Buildx, [build[0], "--builder", name, .. build[1..^3], "-o", "theirs", "."]);

        Assert.Equal(taken ? (0, 0) : (1, 1), (result.Code, buildx.Code));
        if (taken)
        {
            Assert.Equal([1, 2, 3], File.ReadAllBytes(project.At("out/file.tar")));
            Assert.Equal([1, 2, 3], File.ReadAllBytes(project.At("theirs/file.tar")));
        }
        else
        {
            Assert.Matches(@">>> COPY --from=more file\.tar /(.|\n)*ERROR: failed to build: invalid argument\n", result.Log);
            Assert.Contains("invalid argument", buildx.Log);
        }
    }

    [Theory]
    [InlineData("is no OCI layout", "a=oci-layout://missing")]
    [InlineData("has no image with the tag latest", "a=oci-layout://image")]
    [InlineData("the folder does not exist", "a=missing")]
    public async Task NamedContext_ThatIsNotThere_IsSaid(string expected, string context)
    {
        using var project = new Project().Write("Dockerfile", "FROM scratch\nCOPY Dockerfile /\n");
        await project.PassAsync("image-build", "-t", "demo:1", "-o", "type=oci,dest=image,tar=false", ".");

        var result = await project.RunAsync("image-build", "--build-context", context, ".");

        Assert.Equal(1, result.Code);
        Assert.Contains(expected, result.Log);
    }

    /// <summary>By a user without rights over it; a folder that only a pattern names is read before anything is sent.</summary>
    [Theory]
    [InlineData("COPY secret/*.txt /")]
    [InlineData("COPY . /")]
    public async Task Context_WithAFolderThatMayNotBeRead_IsTheUsersToMend(string line)
    {
        using var project = new Project().Dockerfile(line).Write("secret/a.txt", "content");
        var root = Path.GetDirectoryName(project.Folder)!;
        File.SetUnixFileMode(root, (UnixFileMode)511);   // 0777
        File.SetUnixFileMode(project.At("secret"), UnixFileMode.None);

        var result = await project.RunAsync("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Path.Combine(root, "image-build"), ".");

        Assert.True(result.Code == 1, result.All);
        Assert.Contains($"{project.At("secret")} cannot be read", result.Log);
        Assert.DoesNotContain("went away", result.Log);
    }

    private static void Repository(string folder)
    {
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        foreach (var (place, text) in new[] { (folder, "in the root"), (Path.Combine(folder, "sub"), "in a folder") })
        {
            File.WriteAllText(Path.Combine(place, "Dockerfile"), "FROM scratch\nCOPY app /app\n");
            File.WriteAllText(Path.Combine(place, "app"), text);
        }
    }
}
