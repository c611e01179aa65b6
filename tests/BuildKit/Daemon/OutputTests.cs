using System.Formats.Tar;
using System.Text.Json;
using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Daemon;

/// <summary>Each kind of output of the real BuildKit 0.25, read back.</summary>
public sealed class OutputTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Local_OfARun_HasItsFilesWithModesTimesAndLinks()
    {
        using var project = new Project(
            $"FROM {Testbed.Base} AS build\nCOPY greeting /o/greeting\n" +
            "RUN cd /o && chmod 4751 greeting && touch -d @1000000000 greeting && ln -s greeting soft && ln greeting hard && mkdir -m 700 sub && mkfifo sub/pipe && : > sub/empty\n" +
            "FROM scratch\nCOPY --from=build /o /\n");
        var greeting = "hello " + Guid.NewGuid();
        project.Write("greeting", greeting);
        await using var client = Testbed.Connect();
        var log = new ProgressLog();

        await client.SolveAsync(project.Request(null, Export.Local(project.Out("result"))), log.Add, Token);

        string In(string name) => Path.Combine(project.Out("result"), name);
        Assert.Equal(greeting, File.ReadAllText(In("greeting")));
        Assert.Equal((UnixFileMode)2537, File.GetUnixFileMode(In("greeting")));   // 04751
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1000000000).UtcDateTime, File.GetLastWriteTimeUtc(In("greeting")));
        Assert.Equal("greeting", new FileInfo(In("soft")).LinkTarget);
        Assert.Equal(greeting, File.ReadAllText(In("hard")));
        Assert.Equal((UnixFileMode)448, File.GetUnixFileMode(In("sub")));   // 0700
        Assert.Equal(0, new FileInfo(In("sub/empty")).Length);
        Assert.True(File.Exists(In("sub/pipe")));
        Assert.Contains(log.Vertices, vertex => vertex.Name.Contains("RUN cd /o", StringComparison.Ordinal) && vertex.Completed is not null);
        Assert.True(log.Transferred > greeting.Length);
    }

    /// <summary>More files than are on their way at a time come before the pair.</summary>
    [Fact]
    public async Task Local_OfAHardLinkBehindManyFiles_HasBothNames()
    {
        using var project = new Project(
            $"FROM {Testbed.Base} AS build\nRUN mkdir /o && cd /o && for n in $(seq 100 199); do echo $n > a$n; done && echo {Guid.NewGuid()} > b1 && ln b1 b2 && ln b1 a0\n" +
            "FROM scratch\nCOPY --from=build /o /\n");
        await using var client = Testbed.Connect();

        await client.SolveAsync(project.Request(null, Export.Local(project.Out("result"))), cancellation: Token);

        string In(string name) => File.ReadAllText(Path.Combine(project.Out("result"), name));
        Assert.Equal(103, Directory.GetFiles(project.Out("result")).Length);
        Assert.Equal((In("b1"), In("b1")), (In("b2"), In("a0")));
        Assert.All(Enumerable.Range(100, 100), n => Assert.Equal($"{n}\n", In($"a{n}")));
    }

    [Fact]
    public async Task Local_OverLinksThatLeadOut_WritesNothingThroughThem()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /a/greeting\n");
        project.Write("greeting", "new");
        Directory.CreateDirectory(project.Out("outside"));
        File.WriteAllText(project.Out("outside/greeting"), "old");
        Directory.CreateDirectory(project.Out("result"));
        File.CreateSymbolicLink(project.Out("result/a"), project.Out("outside"));
        await using var client = Testbed.Connect();

        await client.SolveAsync(project.Request(null, Export.Local(project.Out("result"))), cancellation: Token);

        Assert.Equal("old", File.ReadAllText(project.Out("outside/greeting")));
        Assert.Equal("new", File.ReadAllText(project.Out("result/a/greeting")));
        Assert.Null(new DirectoryInfo(project.Out("result/a")).LinkTarget);
    }

    [Fact]
    public async Task Tar_IsTheRootFileSystem()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /etc/greeting\n");
        project.Write("greeting", "hello");
        await using var client = Testbed.Connect();

        await client.SolveAsync(project.Request(null, Export.Tar(project.Out("result.tar"))), cancellation: Token);

        Assert.Contains("etc/greeting", TarNames(project.Out("result.tar")));
        Assert.Empty(Directory.GetFiles(project.Path, "*.part"));
    }

    [Theory]
    [InlineData("oci")]
    [InlineData("docker")]
    public async Task Archive_HoldsTheImageOfTheOutcome(string type)
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", type);
        var path = project.Out("image.tar");
        var name = new Dictionary<string, string> { ["name"] = "example.com/a/b:1" };
        await using var client = Testbed.Connect();

        var outcome = await client.SolveAsync(
            project.Request(null, type == "oci" ? Export.OciArchive(path, name) : Export.DockerArchive(path, name)), cancellation: Token);

        Assert.StartsWith("sha256:", outcome.ImageDigest, StringComparison.Ordinal);
        Assert.Contains("blobs/sha256/" + outcome.ImageDigest!["sha256:".Length..], TarNames(path));
        Assert.Contains(type == "oci" ? "index.json" : "manifest.json", TarNames(path));
    }

    [Fact]
    public async Task OciLayout_ComesBlobByBlobAndHasAnIndex()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", Guid.NewGuid().ToString());
        var folder = project.Out("layout");
        var name = new Dictionary<string, string> { ["name"] = "example.com/a/b:1" };
        await using var client = Testbed.Connect();

        var outcome = await client.SolveAsync(project.Request(null, Export.OciLayout(folder, name)), cancellation: Token);

        using var index = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "index.json")));
        var entry = Assert.Single(index.RootElement.GetProperty("manifests").EnumerateArray());
        Assert.Equal(outcome.ImageDigest, entry.GetProperty("digest").GetString());
        Assert.Equal("1", entry.GetProperty("annotations").GetProperty("org.opencontainers.image.ref.name").GetString());
        Assert.True(File.Exists(Path.Combine(folder, "blobs", "sha256", outcome.ImageDigest!["sha256:".Length..])));
        Assert.True(File.Exists(Path.Combine(folder, "oci-layout")));
        Assert.False(Directory.Exists(Path.Combine(folder, "ingest")));
    }

    [Fact]
    public async Task SeveralExports_OfOneBuild_AllCome()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", "hello");
        await using var client = Testbed.Connect();

        await client.SolveAsync(
            project.Request(null, Export.Local(project.Out("a")), Export.Tar(project.Out("b.tar")), Export.OciArchive(project.Out("c.tar")), Export.Local(project.Out("d"))),
            cancellation: Token);

        Assert.Equal("hello", File.ReadAllText(project.Out("a/greeting")));
        Assert.Contains("greeting", TarNames(project.Out("b.tar")));
        Assert.Contains("index.json", TarNames(project.Out("c.tar")));
        Assert.Equal("hello", File.ReadAllText(project.Out("d/greeting")));
    }

    [Fact]
    public async Task Local_OfTwoPlatforms_HasAFolderForEach()
    {
        using var project = new Project("FROM scratch\nARG TARGETARCH\nCOPY greeting-$TARGETARCH /greeting\n");
        project.Write("greeting-amd64", "a");
        project.Write("greeting-arm64", "b");
        await using var client = Testbed.Connect();

        await client.SolveAsync(
            project.Request(new DockerfileOptions { Platforms = ["linux/amd64", "linux/arm64"] }, Export.Local(project.Out("result"))), cancellation: Token);

        Assert.Equal("a", File.ReadAllText(project.Out("result/linux_amd64/greeting")));
        Assert.Equal("b", File.ReadAllText(project.Out("result/linux_arm64/greeting")));
    }

    [Fact]
    public async Task Output_ThatCannotBeWritten_NamesThePlace()
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", "hello");
        File.WriteAllText(project.Out("file"), "");
        await using var client = Testbed.Connect();

        var error = await Assert.ThrowsAsync<LocalFileException>(
            () => client.SolveAsync(project.Request(null, Export.Tar(project.Out("file/x.tar"))), cancellation: Token));

        Assert.Contains(project.Out("file/x.tar"), error.Message, StringComparison.Ordinal);
    }

    private static HashSet<string> TarNames(string path)
    {
        using var tar = new TarReader(File.OpenRead(path));
        var names = new HashSet<string>();
        while (tar.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name.TrimStart('/'));
        }

        return names;
    }
}
