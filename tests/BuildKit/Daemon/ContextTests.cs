using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Daemon;

/// <summary>The same folder sent by this client and by Docker's buildx to the same daemon is the same to the byte.</summary>
public sealed class ContextTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Cases => new()
    {
        { "FROM scratch\nCOPY . /\n", "" },
        { "FROM scratch\nCOPY . /\n", "**/*.log\n!keep.log\nsub/deep\nfoo*\n!foo/x\n[a-b]*\n" },
        { "FROM scratch\nCOPY . /\n", "*\n!sub\nsub/*\n!sub/deep/one\n" },
        { "FROM scratch\nCOPY sub link-to-sub/deep/one foo* /x/\nCOPY li?k-chain /y/\n", "" },
        { "FROM scratch\nCOPY --link sub/deep hard-a hard-b /x/\n", "**\n!sub/deep/**\n!hard-*\n" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Context_OfEveryKindOfFile_IsTheSameAsBuildxSends(string dockerfile, string ignore)
    {
        using var project = new Project(dockerfile);
        project.Write(".dockerignore", ignore);
        using var socket = FillWithEverything(project);
        // Later than every file, so that it changes only what the build itself makes: folders of COPY, the image's date.
        var epoch = new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = "1600000000" };
        var rewrite = new Dictionary<string, string> { ["rewrite-timestamp"] = "true" };
        await using var client = Testbed.Connect();
        var log = new ProgressLog();

        var ours = await client.SolveAsync(
            project.Request(new DockerfileOptions { BuildArgs = epoch, NoCache = true }, Export.OciArchive(project.Out("ours.tar"), rewrite)), log.Add, Token);
        var theirs = await BuildxAsync(project);

        Assert.Equal(theirs.Digest, ours.ImageDigest);
        Assert.True(log.Transferred <= theirs.Transferred, $"{log.Transferred} bytes went over, buildx sent {theirs.Transferred}");
    }

    /// <summary>What a changed checkout costs: the changed file.</summary>
    [Fact]
    public async Task Context_SentAgain_SendsOnlyWhatChanged()
    {
        using var project = new Project("FROM scratch\nCOPY . /\n");
        project.Write("large", new string('x', 1_000_000));
        project.Write("small", "1");
        await using var client = Testbed.Connect();
        var request = project.Request(null, Export.Local(project.Out("result")));
        await client.SolveAsync(request, cancellation: Token);

        // The daemon lets go of the first tree some time after the build: until then it takes a new one.
        var sizes = new List<long>();
        for (var i = 0; i < 50 && (sizes.Count == 0 || sizes[^1] > 10_000); i++)
        {
            project.Write("small", new string('2', i + 2));
            var log = new ProgressLog();
            await client.SolveAsync(request with { Ref = Guid.NewGuid().ToString("N") }, log.Add, Token);
            Assert.Equal(i + 2, File.ReadAllText(project.Out("result/small")).Length);
            sizes.Add(log.Transferred);
        }

        Assert.InRange(sizes[^1], 1, 10_000);
    }

    /// <summary>Size and time are all that the daemon compares: two checkouts must not share a key.</summary>
    [Fact]
    public async Task Context_OfAnotherCheckoutWithSameSizesAndTimes_IsNotTakenForTheFirst()
    {
        using var first = new Project("FROM scratch\nCOPY file /\n");
        using var second = new Project("FROM scratch\nCOPY file /\n");
        foreach (var (project, text) in new[] { (first, "one"), (second, "two") })
        {
            File.SetLastWriteTimeUtc(project.Write("file", text), DateTime.UnixEpoch.AddDays(9999));
        }

        await using var client = Testbed.Connect();
        await client.SolveAsync(first.Request(null, Export.Local(first.Out("result"))), cancellation: Token);
        await client.SolveAsync(second.Request(null, Export.Local(second.Out("result"))), cancellation: Token);

        Assert.Equal("two", File.ReadAllText(second.Out("result/file")));
    }

    private static Socket FillWithEverything(Project project)
    {
        foreach (var name in new[]
        {
            "foo/x", "foo-bar", "foo.txt", "foo/y.log", "a.log", "keep.log", "sub/deep/one", "sub/deep/two.log", "sub/three", "bee", "empty", "with space",
            "ünï", "emoji-\U0001F600", "private-\uE000", "fullwidth-\uFF21", "z", "-", "_", "~",
        })
        {
            project.Write(name, name == "empty" ? "" : "content of " + name);
        }

        string In(string name) => Path.Combine(project.Context, name);
        File.SetUnixFileMode(In("bee"), (UnixFileMode)0b110_111_101_001);   // with set-user-id and set-group-id
        File.SetUnixFileMode(project.Write("sticky/x", "x")[..^2], (UnixFileMode)0b001_111_111_111);
        Directory.CreateDirectory(In("hollow"));
        File.CreateSymbolicLink(In("link-to-sub"), "sub");
        File.CreateSymbolicLink(In("link-chain"), "link-next");
        File.CreateSymbolicLink(In("link-next"), "/sub/three");
        File.CreateSymbolicLink(In("link-broken"), "nowhere");
        project.Write("hard-a", "linked");
        Assert.Equal(0, Run("ln", In("hard-a"), In("hard-b")));
        Assert.Equal(0, Run("mkfifo", In("pipe")));
        Assert.Equal(0, Run("chown", "1234:4321", In("z")));
        _ = Run("setcap", "cap_net_raw+ep", In("keep.log"));   // where there is such a program
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(In("socket")));
        var second = 1_500_000_000;
        foreach (var path in Directory.GetFileSystemEntries(project.Context, "*", SearchOption.AllDirectories).OrderDescending(StringComparer.Ordinal))
        {
            Assert.Equal(0, Run("touch", "-h", "-d", $"@{second++}.123456789", path));
        }

        return socket;
    }

    private static async Task<(string Digest, long Transferred)> BuildxAsync(Project project)
    {
        var environment = new Dictionary<string, string> { ["BUILDX_CONFIG"] = project.Out("buildx") };
        await RunAsync(environment, Testbed.Buildx, "create", "--name", "test", "--driver", "remote", $"tcp://127.0.0.1:{Testbed.Port()}");
        var progress = await RunAsync(
            environment, Testbed.Buildx, "--builder", "test", "build", "--no-cache", "--provenance=false", "--build-arg", "SOURCE_DATE_EPOCH=1600000000", "--progress", "rawjson",
            "--output", $"type=oci,rewrite-timestamp=true,dest={project.Out("theirs.tar")}", "--metadata-file", project.Out("metadata.json"), project.Context);
        using var metadata = JsonDocument.Parse(File.ReadAllText(project.Out("metadata.json")));
        return (metadata.RootElement.GetProperty("containerimage.digest").GetString()!, TransferredIn(progress));
    }

    private static long TransferredIn(string progress)
    {
        var most = new Dictionary<(string?, string?), long>();
        foreach (var line in progress.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            using var json = JsonDocument.Parse(line);
            if (!json.RootElement.TryGetProperty("statuses", out var statuses) || statuses.ValueKind != JsonValueKind.Array)
            {
                continue;
            }

            foreach (var status in statuses.EnumerateArray())
            {
                var id = status.GetProperty("id").GetString();
                if (id!.StartsWith("transferring", StringComparison.Ordinal))
                {
                    var key = (status.GetProperty("vertex").GetString(), id);
                    var current = status.TryGetProperty("current", out var bytes) ? bytes.GetInt64() : 0;
                    most[key] = Math.Max(most.GetValueOrDefault(key), current);
                }
            }
        }

        return most.Values.Sum();
    }

    private static int Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(program, arguments);
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }

    private static async Task<string> RunAsync(Dictionary<string, string> environment, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = await process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {errors}");
        return errors + await output;
    }
}
