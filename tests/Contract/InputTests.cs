using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>Bad input: a clear error that names key, value and place, the right exit code, and nothing half done.</summary>
public sealed class InputTests
{
    [Theory]
    [InlineData("helper_imag = \"x\"", "helper_imag")]
    [InlineData("poll_timeout = \"soon\"", "poll_timeout")]
    [InlineData("privileged = \"yes\"", "privileged")]
    [InlineData("memory_limit = \"lots\"", "memory_limit")]
    [InlineData("pull_policy = \"sometimes\"", "pull_policy")]
    [InlineData("poll_timeout = ", "options.toml")]
    public async Task Options_WithAWrongKey_NameFileLineAndKey(string line, string named)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, line);
        using var session = job.Session();

        var (config, _) = await session.ConfigAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ContractJob.SystemFailure, config.ExitCode);
        Assert.Contains(named, job.Log);
        Assert.Contains("options.toml:6", job.Log);
        Assert.Empty(cluster.Requests);
    }

    [Fact]
    public async Task Options_ThatAreNotThere_AreNamed()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        File.Delete(job.OptionsFile);
        using var session = job.Session();

        var (config, _) = await session.ConfigAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ContractJob.SystemFailure, config.ExitCode);
        Assert.Contains(job.OptionsFile, job.Log);
        Assert.Contains("--config", job.Log);
    }

    [Theory]
    [InlineData("", "JOB_RESPONSE_FILE")]
    [InlineData("null", "JOB_RESPONSE_FILE")]
    [InlineData("{\"id\": \"a-masked-secret\"}", "$.id")]
    [InlineData("{\"id\": 1, \"variables\": [{\"key\": \"A\", \"value\": {\"a-masked-secret\": 1}}]}", "$.variables[0].value")]
    public async Task JobFile_Damaged_IsTheSystemsFaultWithoutAnySecret(string content, string named)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        job.Runner = job.Runner with { RewriteResponse = _ => content };
        using var session = job.Session();

        var (config, _) = await session.ConfigAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ContractJob.SystemFailure, config.ExitCode);
        Assert.Contains(named, job.Log);
        Assert.DoesNotContain("a-masked-secret", job.Log);
    }

    [Fact]
    public async Task Call_ByHand_SaysWhoCallsIt()
    {
        var (code, _, stderr) = await RunAsync("config", "--config", "/dev/null");

        Assert.NotEqual(0, code);
        Assert.Contains("helper_image", stderr);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("run", "only-a-script")]
    [InlineData("config", "--no-such-option")]
    public async Task CommandLine_Wrong_IsRefusedWithHelp(params string[] arguments)
    {
        var (code, stdout, stderr) = await RunAsync(arguments);

        Assert.NotEqual(0, code);
        Assert.NotEmpty(stderr);
        Assert.Contains("Usage:", stdout + stderr);
    }

    [Theory]
    [InlineData("config", "--no-such-option")]
    [InlineData("prepare", "too", "many")]
    [InlineData("run", "only-a-script")]
    [InlineData("cleanup", "--config")]
    [InlineData("--confg", "x", "config")]
    [InlineData("confg")]
    public async Task CommandLine_WrongInARunnersConfiguration_IsTheSystemsFaultWithNothingOnStdout(params string[] arguments)
    {
        var (code, stdout, stderr) = await RunAsync(arguments, ("BUILD_FAILURE_EXIT_CODE", "11"), ("SYSTEM_FAILURE_EXIT_CODE", "22"));

        Assert.Equal((22, ""), (code, stdout));
        Assert.Contains("Usage:", stderr);
    }

    [Fact]
    public async Task Version_IsTold()
    {
        var (code, stdout, _) = await RunAsync("--version");

        Assert.Equal(0, code);
        Assert.Matches(@"^pod-executor \d+\.\d+\.\d+", stdout);
    }

    [Fact]
    public async Task Script_ThatIsNotThere_IsTheSystemsFault()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        job.Runner = job.Runner with { RunArguments = ["--config", job.OptionsFile, "run", "/no/such/script", "build_script"] };
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);

        // The double adds its own script and stage behind: too many arguments, which must not be taken for a failed build.
        var run = await session.RunAsync("build_script", "true", TestContext.Current.CancellationToken);

        Assert.NotEqual(0, run.ExitCode);
        Assert.NotEqual(ContractJob.BuildFailure, run.ExitCode);
    }

    private static Task<(int Code, string Stdout, string Stderr)> RunAsync(params string[] arguments) => RunAsync(arguments, []);

    private static async Task<(int Code, string Stdout, string Stderr)> RunAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new System.Diagnostics.ProcessStartInfo(Published.Driver, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = System.Diagnostics.Process.Start(start)!;
        var stdout = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var stderr = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await stdout, await stderr);
    }
}
