using System.Text;
using System.Text.Json;
using PodExecutor.Agent.Images.Builds;
using PodExecutor.Agent.Images.Indexes;
using PodExecutor.Agent.Images.Progress;
using PodExecutor.Agent.Images.Registries;
using PodExecutor.Agent.Images.Splitting;
using PodExecutor.BuildKit;
using PodExecutor.Tests.Unit.Pipelines;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>What is decided of a build that several builders share.</summary>
public sealed class SplittingTests
{
    private const string Amd = "linux/amd64";
    private const string Arm = "linux/arm64";

    [Theory]
    [InlineData("image name=r.io/a,r.io/b push=true push-by-digest=true store=false", "image", "name=r.io/a:1,r.io/a:2,r.io/b:1", "push=true")]
    [InlineData("image annotation-manifest.c=d name=r.io/a oci-mediatypes=true push=true push-by-digest=true store=false", "image", "name=r.io/a:1", "push=true", "annotation-index.a=b", "annotation-manifest.c=d", "annotation-manifest-descriptor[linux/arm64].e=f")]
    [InlineData("image name=r.io/a:1 store=false", "image", "name=r.io/a:1", "store=false")]
    [InlineData("image annotation-manifest.a=b store=false", "image", "annotation-manifest[linux/arm64].a=b", "annotation-manifest[linux/amd64].c=d", "store=false")]
    [InlineData("local dest=out/linux_arm64", "local>out", "platform-split=true")]
    [InlineData("local dest=out/linux_arm64", "local>out")]
    [InlineData("local platform-split=false dest=out", "local>out", "platform-split=false")]
    public void Exporter_OfAShare_LeavesTagsAndIndexToTheWhole(string expected, string type, params string[] attributes)
    {
        var part = PlatformPart.Of(Plan(new OutputRequest(type.Split('>')[0], Pairs(attributes), type.Contains('>', StringComparison.Ordinal) ? type.Split('>')[1] : null)), [Arm]);

        var exporter = Assert.Single(part.Exporters);
        Assert.Equal(
            expected.Split(' ').Order(),
            new[] { exporter.Type, exporter.Destination is { } destination ? $"dest={destination}" : null }.OfType<string>().Concat(exporter.Attributes.Select(a => $"{a.Key}={a.Value}")).Order());
        Assert.Equal(Arm, part.Attributes["platform"]);
    }

    [Theory]
    [InlineData("oci")]
    [InlineData("docker")]
    [InlineData("tar")]
    public void Archive_OfSeveralBuilders_IsImpossible(string type) =>
        Assert.False(PlatformPart.IsPossible(Plan(new OutputRequest("image", Pairs(), null), new OutputRequest(type, Pairs(), "x.tar"))));

    [Theory]
    [InlineData("image", null)]
    [InlineData("local", "out")]
    public void ImageAndFolder_OfSeveralBuilders_ArePossible(string type, string? destination) =>
        Assert.True(PlatformPart.IsPossible(Plan(new OutputRequest(type, Pairs(), destination))));

    [Fact]
    public void Annotation_OfOnePlatform_StaysWithTheSharesThatHaveIt()
    {
        var exporter = new OutputRequest("image", Pairs($"annotation-manifest[{Arm}].a=b", "annotation-manifest[linux/s390x].c=d"), null);

        Assert.Equal([$"annotation-manifest[{Arm}].a"], PlatformPart.Of(Plan(exporter), [Amd, Arm]).Exporters.Single().Attributes.Keys);
        Assert.Empty(PlatformPart.Of(Plan(exporter), [Amd]).Exporters.Single().Attributes);
    }

    [Theory]
    [InlineData("registry", "ref=r.io/a/cache", "ref=r.io/a/cache:latest-linux-arm64")]
    [InlineData("registry", "ref=r.io/a:cache", "ref=r.io/a:cache-linux-arm64")]
    [InlineData("local", "dest=/x/cache", "dest=/x/cache/linux-arm64")]
    [InlineData("local", "src=cache", "src=cache/linux-arm64")]
    [InlineData("s3", "name=mine", "name=mine-linux-arm64")]
    [InlineData("azblob", "account_url=a", "account_url=a name=buildkit-linux-arm64")]
    [InlineData("gha", "scope=main", "scope=main-linux-arm64")]
    [InlineData("inline", "", "")]
    public void Cache_OfAShare_HasANameOfItsOwn(string type, string given, string expected)
    {
        var cache = new TypedRequest(type, Pairs(given.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

        var part = PlatformPart.Of(Plan() with { CacheExports = [cache], CacheImports = [cache] }, [Arm]);

        Assert.Equal(expected, string.Join(' ', Assert.Single(part.CacheExports).Attributes.Select(a => $"{a.Key}={a.Value}")));

        // Also what a builder with all platforms has left.
        Assert.Equal([expected, given], part.CacheImports.Select(c => string.Join(' ', c.Attributes.Select(a => $"{a.Key}={a.Value}"))));
    }

    [Fact]
    public void Index_OfImagesAndIndexes_HasThePlatformsFirstAndNothingTwice()
    {
        var arm = Leaf(Arm, "aa", Manifest.OciManifest);
        var amd = new PartImage([Amd], Manifest.OciIndex, "sha256:bb", 2, Encoding.UTF8.GetBytes("""
            {"manifests":[
              {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:b1","size":7,"platform":{"architecture":"amd64","os":"linux","os.version":"1"}},
              {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:b2","size":8,"annotations":{"vnd.docker.reference.digest":"sha256:b1"},"platform":{"architecture":"unknown","os":"unknown"}}]}
            """));

        var index = JoinedImage.Of([Amd, Arm, "linux/arm/v7"], [Leaf("linux/arm/v7", "cc", Manifest.OciManifest), arm, amd], Pairs("annotation-index.a=b", $"annotation-manifest-descriptor[{Arm}].c=d", "name=x"));

        using var json = JsonDocument.Parse(index.Content);
        var manifests = json.RootElement.GetProperty("manifests").EnumerateArray().ToList();
        Assert.Equal(["sha256:b1", "sha256:aa", "sha256:cc", "sha256:b2"], manifests.Select(m => m.GetProperty("digest").GetString()));
        Assert.Equal("1", manifests[0].GetProperty("platform").GetProperty("os.version").GetString());
        Assert.Equal("d", manifests[1].GetProperty("annotations").GetProperty("c").GetString());
        Assert.Equal("v7", manifests[2].GetProperty("platform").GetProperty("variant").GetString());
        Assert.Equal("sha256:b1", manifests[3].GetProperty("annotations").GetProperty("vnd.docker.reference.digest").GetString());
        Assert.Equal("b", json.RootElement.GetProperty("annotations").GetProperty("a").GetString());
        Assert.Equal(Manifest.OciIndex, index.MediaType);
    }

    [Theory]
    [InlineData(Manifest.DockerManifest, Manifest.DockerManifest, Manifest.DockerIndex)]
    [InlineData(Manifest.DockerManifest, Manifest.OciManifest, Manifest.OciIndex)]
    public void Index_OfDockersOwnTypes_IsDockersOwnList(string first, string second, string expected) =>
        Assert.Equal(expected, JoinedImage.Of([Amd, Arm], [Leaf(Amd, "aa", first), Leaf(Arm, "bb", second)], Pairs()).MediaType);

    [Fact]
    public void Index_OfAnIndexThatTellsNoPlatform_TellsNoneAndNothingTwice()
    {
        var odd = new PartImage([], Manifest.OciIndex, "sha256:bb", 2, Encoding.UTF8.GetBytes("""{"manifests":[{"mediaType":"m","digest":"sha256:b1","size":7}]}"""));

        var index = JoinedImage.Of([], [odd, Leaf(Arm, "aa", Manifest.OciManifest), odd, Leaf(Arm, "aa", Manifest.OciManifest)], Pairs());

        using var json = JsonDocument.Parse(index.Content);
        var manifests = json.RootElement.GetProperty("manifests").EnumerateArray().ToList();
        Assert.Equal(["sha256:b1", "sha256:aa"], manifests.Select(m => m.GetProperty("digest").GetString()));
        Assert.False(manifests[0].TryGetProperty("platform", out _));
    }

    [Theory]
    [InlineData("{\"manifests\":7}")]
    [InlineData("{\"manifests\":[{}]}")]
    [InlineData("no json")]
    public void Index_OfSomethingElse_IsATypedFailure(string content)
    {
        var failure = Record.Exception(() => JoinedImage.Of([Amd], [new PartImage([Amd], Manifest.OciIndex, "sha256:aa", 1, Encoding.UTF8.GetBytes(content))], Pairs()));

        Assert.True(failure is JsonException or KeyNotFoundException or InvalidOperationException, failure?.ToString());
    }

    [Fact]
    public void Dockerfile_OfTheIndex_TakesEachPlatformFromItsShare()
    {
        static SolveOutcome Solve(string digest) => new("r", new Dictionary<string, string> { ["containerimage.digest"] = digest });
        var request = new BuildRequest { Context = ".", Platforms = [Amd, Arm, "linux/arm/v7"] };

        var joining = new BuilderJoining(Plan(), request, [new BuiltShare([Amd], Solve("sha256:aa")), new BuiltShare([Arm, "linux/arm/v7"], Solve("sha256:bb"))]);

        Assert.Equal(
            """
            FROM r.io/a@sha256:aa AS linux-amd64
            FROM r.io/a@sha256:bb AS linux-arm64
            FROM r.io/a@sha256:bb AS linux-armv7
            FROM ${TARGETOS}-${TARGETARCH}${TARGETVARIANT}

            """.ReplaceLineEndings("\n"),
            joining.Dockerfile("r.io/a"));
    }

    [Fact]
    public void Lanes_WithEqualDigests_AreStepsOfTheirOwn()
    {
        using var log = new StringWriter();
        var time = new ManualTime();
        var board = new ProgressBoard(new StepPrinter(log, folded: false, "b", time), time);
        var (first, second) = (board.Open(Amd), board.Open(Arm));
        var step = new Vertex("sha256:1", "[2/3] RUN make", [], false, DateTimeOffset.UnixEpoch, null, null, null);

        first.Add(Update(step));
        second.Add(Update(step with { Name = "[internal] load build context", Completed = DateTimeOffset.UnixEpoch.AddSeconds(2) }));
        first.End();
        board.Finish();

        Assert.Equal(
            """
            #2 [linux/arm64 internal] load build context
            #2 DONE 2.0s
            #1 [linux/amd64 2/3] RUN make
            #1 CANCELED

            """.ReplaceLineEndings("\n"),
            log.ToString());
        Assert.Equal(["sha256:1"], second.Trace.Vertices.Select(v => v.Digest));
        Assert.Equal(["[2/3] RUN make", "[internal] load build context"], board.Whole.Vertices.Select(v => v.Name));
    }

    private static ProgressUpdate Update(Vertex vertex) => new([vertex], [], [], []);

    private static PartImage Leaf(string platform, string digest, string type) => new([platform], type, "sha256:" + digest, 5, "{\"layers\":[]}"u8.ToArray());

    private static BuildPlan Plan(params OutputRequest[] exporters) => new()
    {
        Attributes = new Dictionary<string, string> { ["platform"] = $"{Amd},{Arm}" },
        Locals = new Dictionary<string, string>(),
        Exporters = exporters,
        SharedKey = "k",
    };

    private static SortedDictionary<string, string> Pairs(params string[] pairs) =>
        new(pairs.Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal), StringComparer.Ordinal);
}
