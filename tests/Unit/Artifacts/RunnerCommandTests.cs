using PodExecutor.Agent;
using PodExecutor.Agent.Artifacts;

namespace PodExecutor.Tests.Unit.Artifacts;

public sealed class RunnerCommandTests : IDisposable
{
    private readonly BuildDirectory _build = new();

    public void Dispose() => _build.Dispose();

    [Fact]
    public async Task Version_Asked_IsReadableByScripts()
    {
        Assert.Equal(0, await _build.RunAsync("--version"));
        Assert.Matches($@"\AVersion: +{AgentVersion.Text.Replace("+", @"\+", StringComparison.Ordinal)}\n", _build.Output);
        Assert.Equal("", _build.Log);
    }

    [Fact]
    public void Context_OfAJobsVariables_TakesTheOnesThatAreSet()
    {
        var variables = new Dictionary<string, string> { ["CI_SERVER_TLS_CA_FILE"] = "ca.pem", ["ARTIFACT_COMPRESSION_LEVEL"] = "slow", ["CACHE_COMPRESSION_FORMAT"] = "", ["CACHE_COMPRESSION_LEVEL"] = "fast" };

        var context = RunnerContext.Of(variables.GetValueOrDefault, "/builds/app", TextWriter.Null, TextWriter.Null, TimeProvider.System);

        Assert.Equal(
            ("/builds/app", "ca.pem", "slow", null, "fast"),
            (context.Directory, context.ExtraCaFile, context.CompressionLevel, context.CacheCompressionFormat, context.CacheCompressionLevel));
    }

    [Fact]
    public async Task UnknownFlags_OfAKnownSubcommand_AreNamedWithoutTheirValues()
    {
        await using var gitlab = await CoordinatorDouble.StartAsync(201);
        _build.Write("a");
        Assert.Equal(0, await _build.UploadAsync(
            gitlab.Url, "--new-switch", "--new-value", "hidden1", "--new-inline=hidden2", "--runner-id", "3", "--starttime", "2024", "--path", "a", "--untracked=false"));
        Assert.Single(gitlab.Requests);
        foreach (var name in new[] { "new-switch", "new-value", "new-inline" })
        {
            Assert.Equal(2, _build.Log.Split($"WARNING: --{name}: ").Length);
        }

        Assert.DoesNotContain("hidden", _build.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("starttime", _build.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--token is missing", "--url", "http://h", "--id", "1")]
    [InlineData("--url is not an absolute http", "--url", "h", "--id", "1", "--token", "s3cret")]
    [InlineData("--id 1/../2 is not a job's number", "--url", "http://h", "--id", "1/../2", "--token", "s3cret")]
    [InlineData("--token holds characters", "--url", "http://h", "--id", "1", "--token", "s3cret\nX: y")]
    [InlineData("--timeout soon is not a duration", "--url", "http://h", "--id", "1", "--token", "s3cret", "--timeout", "soon")]
    [InlineData("The artifact format tar is not known", "--url", "http://h", "--id", "1", "--token", "s3cret", "--artifact-format", "tar")]
    [InlineData("--path has no value", "--path")]
    public async Task Uploader_SenselessFlags_AreExplained(string expected, params string[] args)
    {
        Assert.Equal(1, await _build.RunAsync(["artifacts-uploader", .. args]));
        Assert.Contains("FATAL: " + expected, _build.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CacheInit_Directories_AreForEveryone()
    {
        Assert.Equal(0, await _build.RunAsync("cache-init", "c/deep", _build.At("d")));
        Assert.Equal(((UnixFileMode)0x1FF, (UnixFileMode)0x1FF), (File.GetUnixFileMode(_build.At("c/deep")), File.GetUnixFileMode(_build.At("d"))));
    }

    [Theory]
    [InlineData("read-logs")]
    [InlineData("health-check")]
    [InlineData("register")]
    public async Task Subcommand_Unknown_IsExplained(string subcommand)
    {
        Assert.Equal(1, await _build.RunAsync(subcommand));
        Assert.StartsWith($"FATAL: The subcommand {subcommand} does not exist here", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_FileNameWithLineBreak_StaysOneLine()
    {
        Assert.Equal(1, await _build.RunAsync("x\nERROR: forged\u001b[0m"));
        Assert.Single(_build.Log.TrimEnd('\n').Split('\n'));
        Assert.DoesNotContain('\u001b', _build.Log);
    }
}
