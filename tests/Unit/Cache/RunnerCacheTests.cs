using PodExecutor.Agent.Artifacts;
using PodExecutor.Tests.Unit.Artifacts;
using PodExecutor.Tests.Unit.Cache.Doubles;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>The agent as <c>gitlab-runner cache-archiver</c> and <c>cache-extractor</c>, with the flags that gitlab-runner 19's scripts give.</summary>
public sealed class RunnerCacheTests : IDisposable
{
    private readonly BuildDirectory _build = new();
    private readonly ObjectServer _server = new();

    public void Dispose()
    {
        _build.Dispose();
        _server.Dispose();
    }

    [Theory]
    [InlineData("zip")]
    [InlineData("tarzstd")]
    [InlineData("zipzstd")]
    public async Task Cache_ArchivedAndExtracted_ComesBack(string format)
    {
        Shell.Bash(
            """
            mkdir -p deps/d/e; head -c 300000 /dev/urandom > deps/d/big; seq 9999 > deps/seq; ln -s d/big deps/l; chmod 755 deps/seq; chmod 700 deps/d
            touch -d '2012-03-04 05:06:08' deps/seq deps/d/big deps/d/e deps/d deps
            """, _build.Path);
        var before = Shell.Describe(_build.Path);
        var archiving = await RunAsync(
            format, "cache-archiver", "--file", "../cache/k/cache.zip", "--alternate-file", "../cache/hash/cache.zip", "--timeout", "10", "--max-uploaded-archive-size", "0",
            "--path", "deps/", "--untracked", "--url", _server.Url + "k?X-Amz-Signature=secret", "--header", "Content-Type: application/octet-stream",
            "--header", "X-Amz-Meta-Cachekey: k", "--check-url", _server.Url + "k?check", "--env-file", "/nowhere", "--some-new-flag", "x");
        Assert.True(archiving == 0, _build.Log);
        Shell.Run("rm", "-rf", _build.At("deps"), Path.Combine(_build.Root, "cache"));

        var extracting = await RunAsync(format, "cache-extractor", "--file", "../cache/k/cache.zip", "--timeout", "10", "--url", _server.Url + "k?X-Amz-Signature=secret");

        Assert.True(extracting == 0, _build.Log);
        Assert.Equal(WithoutLinkTimes(before), WithoutLinkTimes(Shell.Describe(_build.Path)));
        Assert.DoesNotContain("secret", _build.Log, StringComparison.Ordinal);
        Assert.Equal(format == "zip" ? (byte)'P' : (byte)0x28, _server.Objects["k"][0]);
    }

    [Fact]
    public async Task Archiver_NothingIsNewer_SaysUpToDateAndSendsNothing()
    {
        _build.Write("deps/a");
        Assert.Equal(0, await RunAsync("zip", "cache-archiver", "--file", "../c.zip", "--path", "deps", "--url", _server.Url + "k"));
        _server.ResetCounts();

        Assert.Equal(0, await RunAsync("zip", "cache-archiver", "--file", "../c.zip", "--path", "deps", "--url", _server.Url + "k"));

        Assert.Contains("Archive is up to date!", _build.Log, StringComparison.Ordinal);
        Assert.Empty(_server.Calls);
    }

    [Fact]
    public async Task Archiver_WithoutUrl_KeepsItLocal()
    {
        _build.Write("deps/a");

        Assert.Equal(0, await RunAsync("zip", "cache-archiver", "--file", "../c.zip", "--path", "deps"));

        Assert.Contains("Cache will be stored only locally.", _build.Log, StringComparison.Ordinal);
        Directory.Delete(_build.At("deps"), recursive: true);
        Assert.Equal(0, await RunAsync("zip", "cache-extractor", "--file", "../c.zip"));
        Assert.True(File.Exists(_build.At("deps/a")));
    }

    [Fact]
    public async Task Archiver_LargerThanAllowed_IsNotUploaded()
    {
        _build.Write("deps/a");

        Assert.Equal(0, await RunAsync("zip", "cache-archiver", "--file", "../c.zip", "--path", "deps", "--url", _server.Url + "k", "--max-uploaded-archive-size", "10"));

        Assert.Empty(_server.Calls);
        Assert.Contains("MaxUploadedArchiveSize", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Extractor_NoSuchObject_FailsAtOnce()
    {
        Assert.Equal(1, await RunAsync("zip", "cache-extractor", "--file", "../c.zip", "--url", _server.Url + "none"));

        Assert.Single(_server.Calls);
        Assert.Contains("FATAL: There is no cache for this key.", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Extractor_ServerFailsTwice_TriesAgain()
    {
        _server.Objects["k"] = BuildDirectory.Zip(("deps/a", 0x81A4, "x"));
        _server.Faults = call => call.Number < 3 ? new Fault(500) : null;

        var run = await _build.WithPausesAsync(RunAsync("zip", "cache-extractor", "--file", "../c.zip", "--url", _server.Url + "k"), 1, 5);

        Assert.True(run == 0, _build.Log);
        Assert.True(File.Exists(_build.At("deps/a")));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/tmp/pex-outside")]
    public async Task Extractor_MaliciousArchive_WritesNothing(string name)
    {
        _server.Objects["k"] = BuildDirectory.Zip(("good", 0x81A4, "x"), (name, 0x81A4, "evil"));

        Assert.Equal(1, await RunAsync("zip", "cache-extractor", "--file", "../c.zip", "--url", _server.Url + "k"));

        Assert.Empty(Directory.GetFileSystemEntries(_build.Path));
        Assert.Equal(["build", "c.zip"], Directory.GetFileSystemEntries(_build.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Both_GoCloudUrl_IsExplained()
    {
        Assert.Equal(1, await RunAsync("zip", "cache-extractor", "--file", "../c.zip", "--gocloud-url", "s3://bucket/key"));
        Assert.Equal(1, await RunAsync("zip", "cache-archiver", "--file", "../c.zip", "--gocloud-url", "s3://bucket/key"));

        Assert.Contains("UploadRoleARN", _build.Log, StringComparison.Ordinal);
    }

    private Task<int> RunAsync(string format, params string[] args) =>
        RunnerCommand.RunAsync(args, _build.Context with { CacheCompressionFormat = format }, TestContext.Current.CancellationToken);

    private static string WithoutLinkTimes(string description) =>
        System.Text.RegularExpressions.Regex.Replace(description, @"( l 777 \d+ \d+) \S+", "$1");
}
