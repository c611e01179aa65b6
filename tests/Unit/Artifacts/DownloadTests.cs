using Microsoft.AspNetCore.Http;

namespace PodExecutor.Tests.Unit.Artifacts;

public sealed class DownloadTests : IDisposable
{
    private const uint Regular = 0x81A4;
    private readonly BuildDirectory _build = new();

    public void Dispose()
    {
        Assert.DoesNotContain(BuildDirectory.Token, _build.Log + _build.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("signature", _build.Log, StringComparison.Ordinal);
        _build.Dispose();
    }

    [Fact]
    public async Task Download_Archive_RestoresAll()
    {
        await using var gitlab = await ServeAsync(BuildDirectory.Zip(
            ("out/", 0x416D, ""), ("out/run.sh", 0x81ED, "new"), ("out/link", 0xA1FF, "run.sh"), ("out/empty/", 0x41ED, ""), ("dup", Regular, "1"), ("dup", Regular, "2")));
        _build.Write("out/run.sh", "old and longer");
        var hardLinked = _build.Write("victim", "untouched");
        File.CreateSymbolicLink(_build.At("dup"), hardLinked);

        Assert.Equal(0, await _build.DownloadAsync(gitlab.Url));

        Assert.Equal("new", Text("out/run.sh"));
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(_build.At("out/run.sh")));
        Assert.Equal((UnixFileMode)0x16D, File.GetUnixFileMode(_build.At("out")));
        var time = new DateTime(2024, 2, 29, 12, 30, 10, DateTimeKind.Utc);
        Assert.Equal((time, time), (File.GetLastWriteTimeUtc(_build.At("out/run.sh")), Directory.GetLastWriteTimeUtc(_build.At("out"))));
        Assert.Equal("run.sh", new FileInfo(_build.At("out/link")).LinkTarget);
        Assert.True(Directory.Exists(_build.At("out/empty")));
        Assert.Equal(("2", "untouched"), (Text("dup"), Text("victim")));
        Assert.Equal(("?direct_download=true", BuildDirectory.Token), (gitlab.Requests.Single().Query, gitlab.Requests.Single().Token));
        Assert.Contains("Downloading artifacts from coordinator... ok  id=9001", _build.Log, StringComparison.Ordinal);
        File.SetUnixFileMode(_build.At("out"), (UnixFileMode)0x1ED);
    }

    [Fact]
    public async Task Download_RedirectToStorage_HidesTheTokenFromIt()
    {
        await using var storage = await ServeAsync(BuildDirectory.Zip(("a", Regular, "1")));
        await using var gitlab = await RedirectAsync(storage.Url + "/bucket/key?signature=secret");
        Assert.Equal(0, await _build.DownloadAsync(gitlab.Url));
        Assert.Equal("1", Text("a"));
        Assert.Null(storage.Requests.Single().Token);
        Assert.Equal("?signature=secret", storage.Requests.Single().Query);
    }

    [Fact]
    public async Task Download_StorageRefuses_NextTryGoesThroughGitLab()
    {
        await using var storage = await CoordinatorDouble.StartAsync(403);
        var zip = BuildDirectory.Zip(("a", Regular, "1"));
        await using var gitlab = await CoordinatorDouble.StartAsync((context, _) =>
        {
            if (context.Request.Query.ContainsKey("direct_download"))
            {
                (context.Response.StatusCode, context.Response.Headers.Location) = (302, storage.Url + "/?signature=secret");
                return Task.CompletedTask;
            }

            return SendAsync(context, zip);
        });
        Assert.Equal(0, await _build.WithPausesAsync(_build.DownloadAsync(gitlab.Url), 1));
        Assert.Equal("1", Text("a"));
        Assert.Equal(["?direct_download=true", ""], gitlab.Requests.Select(r => r.Query));
    }

    [Fact]
    public async Task Download_RedirectsInACircle_End()
    {
        await using var gitlab = await RedirectAsync("/api/v4/again");
        Assert.Equal(1, await _build.WithPausesAsync(_build.DownloadAsync(gitlab.Url), 1, 5));
        Assert.Equal(33, gitlab.Requests.Count);
        Assert.Contains("more than 10 redirects", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_CutInTheMidst_IsTriedAgain()
    {
        var zip = BuildDirectory.Zip(("a", Regular, new string('x', 100_000)));
        await using var gitlab = await CoordinatorDouble.StartAsync(async (context, number) =>
        {
            context.Response.ContentLength = zip.Length;
            if (number == 1)
            {
                await context.Response.Body.WriteAsync(zip.AsMemory(0, 50_000));
                await context.Response.Body.FlushAsync();
                context.Abort();
                return;
            }

            await context.Response.Body.WriteAsync(zip);
        });
        Assert.Equal(0, await _build.WithPausesAsync(_build.DownloadAsync(gitlab.Url), 1));
        Assert.Equal(100_000, Text("a").Length);
        Assert.Contains("Retrying in 1 s (try 2 of 3)", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_SilentServer_IsTriedAgain()
    {
        var zip = BuildDirectory.Zip(("a", Regular, "1"));
        await using var gitlab = await CoordinatorDouble.StartAsync((context, number) =>
            number == 1 ? new TaskCompletionSource().Task.WaitAsync(context.RequestAborted) : SendAsync(context, zip));
        var run = _build.DownloadAsync(gitlab.Url);
        await Until.TrueAsync(() => gitlab.Requests.Count == 1);
        Assert.Equal(0, await _build.WithPausesAsync(run, 300, 1));
        Assert.Contains("sent nothing for 5 minutes", _build.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "not found: the job has no artifacts")]
    [InlineData(403, "GitLab does not let this job read them")]
    [InlineData(401, "GitLab does not let this job read them")]
    public async Task Download_Refused_IsFinalAndExplained(int status, string advice)
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(status);
        Assert.Equal(1, await _build.DownloadAsync(gitlab.Url));
        Assert.Single(gitlab.Requests);
        Assert.Contains(advice, _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_DamagedContent_IsNamedAndRemoved()
    {
        var zip = BuildDirectory.Zip(("a", Regular, "some content"));
        zip[zip.AsSpan().IndexOf("some content"u8)] ^= 1;
        await using var gitlab = await ServeAsync(zip);
        Assert.Equal(1, await _build.DownloadAsync(gitlab.Url));
        Assert.Contains("FATAL: The artifacts archive of job 9001 is damaged: The checksum or the length of a is wrong.", _build.Log, StringComparison.Ordinal);
        Assert.False(File.Exists(_build.At("a")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public async Task Download_NoZip_IsDamaged(int size)
    {
        await using var gitlab = await ServeAsync(new byte[size]);
        Assert.Equal(1, await _build.DownloadAsync(gitlab.Url));
        Assert.Contains("is damaged", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_ZipSlip_WritesNothing()
    {
        await using var gitlab = await ServeAsync(BuildDirectory.Zip(("a", Regular, "1"), ("../slipped", Regular, "2")));
        Assert.Equal(1, await _build.DownloadAsync(gitlab.Url));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_build.Path));
        Assert.Equal([_build.Path], Directory.EnumerateFileSystemEntries(_build.Root));
    }

    [Fact]
    public async Task Download_ThroughAnOldLinkOutwards_IsRefused()
    {
        File.CreateSymbolicLink(_build.At("up"), "..");
        await using var gitlab = await ServeAsync(BuildDirectory.Zip(("up/slipped", Regular, "2")));
        Assert.Equal(1, await _build.DownloadAsync(gitlab.Url));
        Assert.False(File.Exists(Path.Combine(_build.Root, "slipped")));
        Assert.Contains("FATAL: up of the artifacts cannot be unpacked", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_ThroughAnOldLinkInside_IsWritten()
    {
        Directory.CreateDirectory(_build.At("real"));
        File.CreateSymbolicLink(_build.At("link"), "real");
        await using var gitlab = await ServeAsync(BuildDirectory.Zip(("link/a", Regular, "2")));
        Assert.Equal(0, await _build.DownloadAsync(gitlab.Url));
        Assert.Equal("2", Text("real/a"));
    }

    [Fact]
    public async Task Download_LinkOutwards_IsCreatedButNeverWrittenThrough()
    {
        var outside = Path.Combine(_build.Root, "outside");
        await File.WriteAllTextAsync(outside, "as it was", TestContext.Current.CancellationToken);
        await using var first = await ServeAsync(BuildDirectory.Zip(("link", 0xA1FF, "../outside"), ("python", 0xA1FF, "/usr/bin/python3")));
        Assert.Equal(0, await _build.DownloadAsync(first.Url));
        Assert.Equal("/usr/bin/python3", new FileInfo(_build.At("python")).LinkTarget);

        await using var second = await ServeAsync(BuildDirectory.Zip(("link", Regular, "changed")));
        Assert.Equal(0, await _build.DownloadAsync(second.Url));
        Assert.Equal("as it was", await File.ReadAllTextAsync(outside, TestContext.Current.CancellationToken));
        Assert.Equal("changed", Text("link"));
    }

    [Fact]
    public async Task Download_DirectoryInTheWay_IsExplained()
    {
        Directory.CreateDirectory(_build.At("a"));
        await using var gitlab = await ServeAsync(BuildDirectory.Zip(("a", Regular, "1")));
        Assert.Equal(1, await _build.DownloadAsync(gitlab.Url));
        Assert.Contains("a directory is in its place", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Download_WithRunnersTemporaryDirectory_LeavesNothingThere()
    {
        var temporary = Directory.CreateDirectory(_build.Path + ".tmp").FullName;
        await using var gitlab = await ServeAsync(BuildDirectory.Zip(("a", Regular, "1")));
        Assert.Equal(temporary, _build.Context.TemporaryDirectory);
        Assert.Equal(0, await _build.DownloadAsync(gitlab.Url));
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary));
    }

    private static Task<CoordinatorDouble> ServeAsync(byte[] zip) => CoordinatorDouble.StartAsync((context, _) => SendAsync(context, zip));

    private static Task<CoordinatorDouble> RedirectAsync(string location) => CoordinatorDouble.StartAsync((context, _) =>
    {
        (context.Response.StatusCode, context.Response.Headers.Location) = (302, location);
        return Task.CompletedTask;
    });

    private static async Task SendAsync(HttpContext context, byte[] body)
    {
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    private string Text(string path) => File.ReadAllText(_build.At(path));
}
