using System.Text;
using System.Text.Json;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>Flags of a build by what they change in a step or in the image, which is pulled back.</summary>
public sealed class FlagTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("10.1.2.3 db\n", "grep -w db /etc/hosts | tr '\\t' ' '", "--add-host", "db:10.1.2.3")]
    [InlineData("lo\n", "ls /sys/class/net", "--network", "none")]
    [InlineData("pexbk0\n", "ls /sys/class/net | grep pexbk0", "--network", "host", "--allow", "network.host")]
    [InlineData("34\n", "df -m /dev/shm | awk 'NR == 2 {print $2}'", "--shm-size", "34m")]
    [InlineData("123\n", "ulimit -n", "--ulimit", "nofile=123:456")]
    [InlineData("amd64\n", "echo $TARGETARCH", "--platform", "linux/amd64")]
    public async Task Step_WithAFlag_SeesWhatItSets(string expected, string command, params string[] flags)
    {
        using var project = new Project().Dockerfile("ARG TARGETARCH", $"RUN {command} > /seen", "FROM scratch", "COPY --from=0 /seen /");

        await project.PassAsync("image-build", [.. flags, "-o", "out", "."]);

        Assert.Equal(expected, File.ReadAllText(project.At("out/seen")));
    }

    /// <summary>A step sees its cgroup where it has no namespace of its own for that, as with cgroup v1; the daemon's machine, this one, sees it always.</summary>
    [Fact]
    public async Task Step_WithACgroupParent_RunsBelowIt()
    {
        using var project = new Project().Dockerfile("RUN cat /proc/self/cgroup > /seen", "FROM scratch", "COPY --from=0 /seen /");
        var parent = "pex-" + project.Unique;
        try
        {
            await project.PassAsync("image-build", "--cgroup-parent", "/" + parent, "-o", "out", ".");

            Assert.NotEmpty(Hosts());
            Assert.Matches($"(/{parent}/|^0::/\\n$)", File.ReadAllText(project.At("out/seen")));
        }
        finally
        {
            foreach (var folder in Hosts())
            {
                Array.ForEach(Directory.GetDirectories(folder), Directory.Delete);
                Directory.Delete(folder);
            }
        }

        IEnumerable<string> Hosts() => Directory.GetDirectories("/sys/fs/cgroup").Prepend("/sys/fs/cgroup").Select(h => Path.Combine(h, parent)).Where(Directory.Exists);
    }

    [Fact]
    public async Task Platforms_OfOneBuild_AreOneIndexWithItsAnnotations()
    {
        using var project = new Project().Write("app-amd64", "for amd64").Write("app-arm64", "for arm64")
            .Write("Dockerfile", "FROM scratch\nARG TARGETARCH\nCOPY app-$TARGETARCH /app\n");

        await project.PassAsync(
            "image-build", "-t", project.Image(), "-t", project.Image() + "-b", "--push", "--platform", "linux/amd64,arm64", "--annotation", "index:on=index",
            "--annotation", "on=manifests", "--annotation", "manifest[linux/arm64]:only=arm64", "--annotation", "manifest-descriptor:on=descriptors", "--label", "of=all", "--metadata-file", "meta.json", "--iidfile", "id", ".");

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        Assert.Equal("index", image.Manifest.GetProperty("annotations").GetProperty("on").GetString());
        Assert.All(image.Manifest.GetProperty("manifests").EnumerateArray(), m => Assert.Equal("descriptors", m.GetProperty("annotations").GetProperty("on").GetString()));
        foreach (var architecture in new[] { "amd64", "arm64" })
        {
            var manifest = await image.ManifestOfAsync("linux/" + architecture, Token);
            Assert.Equal("for " + architecture, (await image.FilesAsync(Token, manifest))["app"]);
            Assert.Equal("manifests", manifest.GetProperty("annotations").GetProperty("on").GetString());
            Assert.Equal(architecture == "arm64", manifest.GetProperty("annotations").TryGetProperty("only", out _));
            var config = await image.ConfigAsync(Token, manifest);
            Assert.Equal((architecture, "all"), (config.GetProperty("architecture").GetString(), config.GetProperty("config").GetProperty("Labels").GetProperty("of").GetString()));
        }

        Assert.Equal(image.Digest, await Skopeo.RunAsync("inspect", "--tls-verify=false", "--raw", "docker://" + project.Image() + "-b") is var raw ? "sha256:" + Hash(raw) : "");
        Assert.Equal(image.Digest, JsonDocument.Parse(File.ReadAllText(project.At("meta.json"))).RootElement.GetProperty("containerimage.digest").GetString());
        Assert.Equal(image.Digest, File.ReadAllText(project.At("id")));
    }

    [Fact]
    public async Task Cache_IsUsedUnlessAFlagForbidsIt()
    {
        using var project = new Project().Dockerfile("RUN cat /proc/sys/kernel/random/uuid > /first", $"FROM {Testbed.Base} AS second", "RUN cat /proc/sys/kernel/random/uuid > /second",
            "FROM scratch", "COPY --from=0 /first /", "COPY --from=second /second /");
        async Task<(string First, string Second)> BuildAsync(params string[] flags)
        {
            await project.PassAsync("image-build", [.. flags, "-o", "out", "."]);
            return (File.ReadAllText(project.At("out/first")), File.ReadAllText(project.At("out/second")));
        }

        var begin = await BuildAsync("--no-cache");
        var same = await BuildAsync();
        var filtered = await BuildAsync("--no-cache-filter", "second");
        var none = await BuildAsync("--no-cache");

        Assert.Equal(begin, same);
        Assert.Equal(begin.First, filtered.First);
        Assert.NotEqual(begin.Second, filtered.Second);
        Assert.NotEqual(begin.First, none.First);
    }

    [Fact]
    public async Task Pull_OfABaseThatWasReplaced_TakesTheNewOne()
    {
        using var project = new Project();
        async Task BaseAsync(string content)
        {
            project.Write("Dockerfile", "FROM scratch\nCOPY content /content\n").Write("content", content);
            await project.PassAsync("image-build", "-t", project.Image(), "--push", ".");
        }

        await BaseAsync("old");
        project.Write("from/Dockerfile", $"FROM {project.Image()}\n");
        await project.PassAsync("image-build", "-o", "first", "from");
        await BaseAsync("new");
        await project.PassAsync("image-build", "--pull", "-o", "second", "from");

        Assert.Equal(("old", "new"), (File.ReadAllText(project.At("first/content")), File.ReadAllText(project.At("second/content"))));
    }

    [Theory]
    [InlineData("--output", "type=image,name={image},push=true")]
    [InlineData("--output", "type=registry,name={image}")]
    [InlineData("-t", "{image}", "-o", "type=registry,compression=zstd,force-compression=true,oci-mediatypes=true")]
    [InlineData("-t", "{image}", "--push", "-o", "out")]
    public async Task Output_ThatPushes_Arrives(params string[] flags)
    {
        using var project = new Project().Write("app", "content").Dockerfile("COPY app /app");

        await project.PassAsync("image-build", [.. flags.Select(f => f.Replace("{image}", project.Image())), "."]);

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        var layers = image.Manifest.GetProperty("layers").EnumerateArray().ToList();
        Assert.Equal(flags.Any(f => f.Contains("zstd", StringComparison.Ordinal)), layers[^1].GetProperty("mediaType").GetString()!.EndsWith("+zstd", StringComparison.Ordinal));
        Assert.Equal(flags.Contains("out"), File.Exists(project.At("out/app")));
    }

    [Fact]
    public async Task Output_OfAnEngineArchiveAndOfALayout_CanBeReadByOthers()
    {
        using var project = new Project().Write("app", "content").Dockerfile("COPY app /app");

        await project.PassAsync("image-build", "-t", "demo:1", "-o", "type=docker,dest=image.tar", "-o", "type=oci,dest=layout,tar=false", "--iidfile", "id", ".");

        var archive = await Skopeo.RunAsync("inspect", "--raw", "--config", "docker-archive:" + project.At("image.tar"));
        var layout = await Skopeo.RunAsync("inspect", "--raw", "--config", $"oci:{project.At("layout")}:1");
        Assert.Equal(File.ReadAllText(project.At("id")), "sha256:" + Hash(layout));
        Assert.Equal(JsonDocument.Parse(layout).RootElement.GetProperty("rootfs").GetRawText(), JsonDocument.Parse(archive).RootElement.GetProperty("rootfs").GetRawText());
    }

    [Fact]
    public async Task Output_OfAnEngineArchiveThatIsNone_IsRefusedWithWhatToWrite()
    {
        using var project = new Project().Write("app", "content").Dockerfile("COPY app /app");

        var result = await project.RunAsync("image-build", "-t", "demo:1", "-o", "type=docker,dest=layout,tar=false", ".");

        Assert.Equal((125, ""), (result.Code, result.Output));
        Assert.Contains("--output type=docker,dest=layout,tar=false: an unpacked image is an OCI layout: write type=oci,dest=FOLDER,tar=false", result.Log);
        Assert.False(Path.Exists(project.At("layout")));
    }

    [Theory]
    [InlineData("type=docker,dest=image.tar", true)]
    [InlineData("type=oci,dest=image.tar", true)]
    [InlineData("type=oci,dest=layout,tar=false", true)]
    [InlineData("type=image", false)]
    public async Task Images_OfAnImageThatIsHere_HaveItsSize(string output, bool known)
    {
        using var project = new Project().Write("app", "content").Dockerfile("COPY app /app");

        await project.PassAsync("docker", "build", "-t", "demo:1", "-o", output, ".");
        await project.PassAsync("docker", "build", "-t", project.Image(), "--push", ".");
        var list = await project.PassAsync("docker", "images", "demo");
        var size = (await project.PassAsync("docker", "inspect", "--format", "{{.Size}}", "demo:1")).Output.Trim();

        using var image = await RegistryImage.PullAsync(project.Image(), Token);
        var layers = image.Manifest.GetProperty("layers").EnumerateArray().Sum(l => l.GetProperty("size").GetInt64());
        Assert.Equal(known, !list.Output.TrimEnd().EndsWith('-'));
        Assert.Equal(known ? layers : 0, Bytes(size), layers * 0.01);
        static double Bytes(string text) => double.Parse(text.TrimEnd('B', 'k', 'M'), System.Globalization.CultureInfo.InvariantCulture) * (text.EndsWith("MB", StringComparison.Ordinal) ? 1e6 : text.EndsWith("kB", StringComparison.Ordinal) ? 1e3 : 1);
    }

    /// <summary>--load in its long form.</summary>
    [Fact]
    public async Task Output_OfTheEnginesStore_IsKeptForAPush()
    {
        using var project = new Project().Dockerfile("RUN echo made");

        var build = await project.PassAsync("docker", "buildx", "build", "--output", "type=docker", "-t", project.Image(), ".");
        await project.PassAsync("docker", "push", project.Image());

        Assert.Contains("--load: there is no local engine", build.Log);
        Assert.StartsWith("sha256:", await Skopeo.DigestAsync(project.Image()));
    }

    [Fact]
    public async Task Quiet_PrintsTheIdOnly()
    {
        using var project = new Project().Dockerfile("RUN echo said");

        var result = await project.PassAsync("docker", "build", "-q", "--iidfile", "id", ".");

        Assert.Equal((File.ReadAllText(project.At("id")) + "\n", ""), (result.Output, result.Log));
    }

    [Fact]
    public async Task RawJson_IsOneObjectPerLineWithStepsAndTheirOutput()
    {
        using var project = new Project().Dockerfile("RUN echo said by a step");

        var result = await project.PassAsync("docker", "build", "--progress", "rawjson", ".");

        var news = result.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        var run = news.SelectMany(n => Of(n, "vertexes")).First(v => v.GetProperty("name").GetString()!.Contains("RUN echo said", StringComparison.Ordinal)).GetProperty("digest").GetString();
        Assert.Contains(news.SelectMany(n => Of(n, "logs")), l => l.GetProperty("vertex").GetString() == run && Encoding.UTF8.GetString(l.GetProperty("data").GetBytesFromBase64()) == "said by a step\n");
        static IEnumerable<JsonElement> Of(JsonElement news, string name) => news.TryGetProperty(name, out var list) ? list.EnumerateArray() : [];
    }

    [Theory]
    [InlineData("outline", "VERSION")]
    [InlineData("targets", "last (default)")]
    public async Task Call_TellsOfTheDockerfileAndBuildsNothing(string call, string expected)
    {
        using var project = new Project().Write("Dockerfile", "FROM scratch AS first\nARG VERSION=1\nCOPY missing /\nFROM first AS last\n");

        var result = await project.PassAsync("image-build", "--call", call, ".");

        Assert.Contains(expected, result.Output);
    }

    [Fact]
    public async Task Secret_AsAVariableOfAStep_IsThereAndNotKept()
    {
        using var project = new Project().Dockerfile("RUN --mount=type=secret,id=TOKEN,env=GIVEN echo -n \"$GIVEN\" | wc -c > /length", "FROM scratch", "COPY --from=0 /length /");
        project.Variables["OTHER_NAME"] = "s3cret-value";

        var result = await project.PassAsync("image-build", "--secret", "id=TOKEN,env=OTHER_NAME", "-o", "out", "--progress", "plain", ".");

        Assert.Equal("12\n", File.ReadAllText(project.At("out/length")));
        Assert.DoesNotContain("s3cret-value", result.All);
    }

    /// <summary>A script removes what it has written for the build; the push makes the image again, from the cache.</summary>
    [Fact]
    public async Task Push_AfterASecretsFileIsGone_IsTheSameImage()
    {
        using var project = new Project().Write("token", "s3cret-value").Dockerfile("RUN --mount=type=secret,id=token,required=true wc -c < /run/secrets/token > /length");

        await project.PassAsync("docker", "build", "--secret", "id=token,src=token", "-t", project.Image(), ".");
        File.Delete(project.At("token"));
        var push = await project.PassAsync("docker", "push", project.Image());
        var again = await project.RunAsync("docker", "build", "--secret", "id=token,src=token", "-t", project.Image(), ".");

        Assert.DoesNotContain("WARNING", push.Log);
        Assert.Equal(1, again.Code);
        Assert.Contains("--secret id=token,src=token: the file does not exist", again.Log);
    }

    private static string Hash(string text) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
