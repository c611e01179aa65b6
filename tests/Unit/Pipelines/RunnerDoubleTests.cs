using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>The order of calls and what becomes of exit codes (custom-executor contract §1, §6).</summary>
public sealed class RunnerDoubleTests : IDisposable
{
    private readonly FakeExecutor _fake = new();
    private readonly WatchedLog _log = new();

    public void Dispose() => _fake.Dispose();

    [Fact]
    public async Task Job_ThatPasses_GetsItsCallsInOrder()
    {
        var job = FakeExecutor.Job("echo hello $CI_JOB_STATUS") with
        {
            Steps = [new PayloadStep { Name = "script", Script = ["echo hello $CI_JOB_STATUS"] }, new PayloadStep { Name = "after_script", Script = ["echo after $CI_JOB_STATUS"] }],
            Cache = [new PayloadCache { Key = "k", Paths = ["x"] }],
            Artifacts = [new PayloadArtifact { Paths = ["missing"], When = "on_failure" }],
        };

        var outcome = await RunAsync(job);

        string[] expected = ["config", "prepare", "prepare_script", "get_sources", "restore_cache", "build_script", "after_script", "archive_cache", "cleanup_file_variables", "cleanup"];
        Assert.Equal(expected, outcome.Stages);
        Assert.Equal(expected, _fake.Calls);
        Assert.Equal((JobResult.Success, "Job succeeded"), (outcome.Result, outcome.Message));
        Assert.Contains("\nhello running\n", _log.Text);
        Assert.Contains("\nafter success\n", _log.Text);
        Assert.Contains("\e[32;1m$ echo hello $CI_JOB_STATUS\e[0;m\n", _log.Text);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_fake.Home, "tmp")));
    }

    [Fact]
    public async Task Job_WhoseScriptFails_GetsAfterScriptAndFailureStages()
    {
        var job = FakeExecutor.Job() with
        {
            Steps =
            [
                new PayloadStep { Name = "script", Script = ["exit 42"] }, new PayloadStep { Name = "release", Script = ["true"] },
                new PayloadStep { Name = "after_script", Script = ["echo after $CI_JOB_STATUS"] },
            ],
            Cache = [new PayloadCache { Key = "k", Paths = ["x"] }, new PayloadCache { Key = "f", Paths = ["x"], When = "on_failure" }],
            Artifacts = [new PayloadArtifact { Paths = ["*"], When = "on_success" }, new PayloadArtifact { Paths = ["*"], When = "always" }],
        };
        _fake.On("upload_artifacts_on_failure", "exit 0");

        var outcome = await RunAsync(job);

        Assert.Equal(
            ["config", "prepare", "prepare_script", "get_sources", "restore_cache", "build_script", "after_script", "archive_cache_on_failure", "upload_artifacts_on_failure", "cleanup_file_variables", "cleanup"],
            outcome.Stages);
        Assert.Equal(("script_failure", 42, "Job failed: exit status 42"), (outcome.FailureReason, outcome.ExitCode, outcome.Message));
        Assert.Contains("\nafter failed\n", _log.Text);
    }

    [Fact]
    public async Task Steps_AfterTheScript_AreSentUnderTheirNames()
    {
        var job = FakeExecutor.Job("true") with { Steps = [new PayloadStep { Name = "script", Script = ["true"] }, new PayloadStep { Name = "Release", Script = ["true"] }] };

        Assert.Contains("step_release", (await RunAsync(job)).Stages);
    }

    [Fact]
    public async Task GetSources_Failing_SkipsTheScriptAndAfterScript()
    {
        _fake.On("get_sources", "exit 1");
        var job = FakeExecutor.Job("true") with
        {
            Variables = [FakeExecutor.Variable("GET_SOURCES_ATTEMPTS", "3")],
            Steps = [new PayloadStep { Name = "script", Script = ["true"] }, new PayloadStep { Name = "after_script", Script = ["true"] }],
        };

        var outcome = await RunAsync(job);

        Assert.Equal(
            ["config", "prepare", "prepare_script", "get_sources", "clear_worktree", "get_sources", "get_sources", "cleanup_file_variables", "cleanup"], outcome.Stages);
        Assert.Equal("script_failure", outcome.FailureReason);
    }

    [Theory]
    [InlineData("prepare", 1, new[] { "config", "prepare", "cleanup" }, "script_failure")]
    [InlineData("config", 1, new[] { "config", "cleanup" }, "script_failure")]
    [InlineData("config", 2, new[] { "config", "cleanup", "config", "cleanup", "config", "cleanup" }, "runner_system_failure")]
    [InlineData("prepare", 7, new[] { "config", "prepare", "cleanup", "config", "prepare", "cleanup", "config", "prepare", "cleanup" }, "runner_system_failure")]
    [InlineData("prepare_script", 2, new[] { "config", "prepare", "prepare_script", "cleanup" }, "runner_system_failure")]
    public async Task Call_FailingEarly_IsRetriedOnlyWhenTheSystemFailed(string call, int code, string[] stages, string reason)
    {
        _fake.On(call, $"exit {code}");

        var outcome = await RunAsync(FakeExecutor.Job("true"));

        Assert.Equal(stages, outcome.Stages);
        Assert.Equal(reason, outcome.FailureReason);
    }

    [Fact]
    public async Task Prepare_FailingOnce_SucceedsWithANewTmpdir()
    {
        _fake.On("prepare", """echo "$TMPDIR" >> "$home/dirs"; [ -f "$home/tried" ] || { touch "$home/tried"; exit 2; }""");

        var outcome = await RunAsync(FakeExecutor.Job("true"));

        Assert.Equal(JobResult.Success, outcome.Result);
        var directories = await File.ReadAllLinesAsync(Path.Combine(_fake.Home, "dirs"), TestContext.Current.CancellationToken);
        Assert.Equal(2, directories.Distinct().Count());
        Assert.Contains("Preparation failed: exit status 2", _log.Text);
    }

    [Fact]
    public async Task SystemFailure_InTheScript_StillGetsTheLaterStages()
    {
        _fake.On("build_script", "exit 2");
        var job = FakeExecutor.Job("true") with
        { Steps = [new PayloadStep { Name = "script", Script = ["true"] }, new PayloadStep { Name = "after_script", Script = ["true"] }] };

        var outcome = await RunAsync(job);

        Assert.Equal(["build_script", "after_script", "cleanup_file_variables", "cleanup"], outcome.Stages.SkipWhile(s => s != "build_script"));
        Assert.Equal(("runner_system_failure", 0), (outcome.FailureReason, outcome.ExitCode));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("false", false)]
    public async Task AfterScript_Failing_CountsOnlyIfAskedTo(string? ignoreErrors, bool passes)
    {
        var job = FakeExecutor.Job() with
        {
            Steps = [new PayloadStep { Name = "script", Script = ["true"] }, new PayloadStep { Name = "after_script", Script = ["exit 9"] }],
            Variables = [FakeExecutor.Variable("GIT_STRATEGY", "none"), .. ignoreErrors is null ? [] : new[] { FakeExecutor.Variable("AFTER_SCRIPT_IGNORE_ERRORS", ignoreErrors) }],
        };

        var outcome = await RunAsync(job);

        Assert.Equal((passes ? JobResult.Success : JobResult.Failed, passes ? 0 : 9), (outcome.Result, outcome.ExitCode));
    }

    [Theory]
    [InlineData("upload_artifacts_on_success", false)]
    [InlineData("cleanup_file_variables", true)]
    [InlineData("cleanup", true)]
    public async Task Call_FailingLate_CountsOnlyForArtifacts(string stage, bool passes)
    {
        _fake.On("upload_artifacts_on_success", "exit 0");
        _fake.On(stage, "exit 1");

        var outcome = await RunAsync(FakeExecutor.Job("true") with { Artifacts = [new PayloadArtifact { Paths = ["x"] }] });

        Assert.Equal(passes ? JobResult.Success : JobResult.Failed, outcome.Result);
        if (stage == "cleanup")
        {
            Assert.Contains("WARNING: Cleanup script failed: exit status 1", _log.Text);
        }
    }

    [Theory]
    [InlineData("echo ' '", "error while parsing JSON output")]
    [InlineData("echo nonsense", "error while parsing JSON output")]
    [InlineData("echo '{\"job_env\":{\"A\":1}}'", "error while parsing JSON output")]
    [InlineData("echo '{}'", "the builds_dir is not configured")]
    [InlineData("true", "the builds_dir is not configured")]
    public async Task Config_PrintingSomethingElse_FailsTheJob(string print, string expected)
    {
        _fake.On("config", print + "; exit 0");

        Assert.Contains(expected, (await RunAsync(FakeExecutor.Job("true"))).Message);
    }

    [Fact]
    public async Task Config_StderrAndStdout_OnlyTheFirstIsLogged()
    {
        _fake.On("config", "echo from-config >&2");

        await RunAsync(FakeExecutor.Job("true"));

        Assert.Contains("from-config\n", _log.Text);
        Assert.DoesNotContain("builds_dir", _log.Text);
        Assert.Contains("Using Custom executor with driver fake 1...", _log.Text);
    }

    [Fact]
    public async Task Script_WithFileVariableAndHook_SeesThem()
    {
        var job = FakeExecutor.Job("cat \"$CERT\"", "test \"$RAW\" = '$CERT' && test \"$NESTED\" = value") with
        {
            Variables =
            [
                FakeExecutor.Variable("GIT_STRATEGY", "none"), FakeExecutor.Variable("PLAIN", "value"), FakeExecutor.Variable("NESTED", "${PLAIN}"),
                FakeExecutor.Variable("CERT", "line 'one'\nline two") with { File = true }, FakeExecutor.Variable("RAW", "$CERT") with { Raw = true },
            ],
        };

        var outcome = await RunAsync(job);

        Assert.Equal(JobResult.Success, outcome.Result);
        Assert.Contains("line 'one'\nline two", _log.Text);
        Assert.False(File.Exists(Path.Combine(_fake.Home, "builds/group/demo.tmp/CERT")));
    }

    [Fact]
    public async Task GitLabEnv_WrittenInTheScript_IsExportedInAfterScript()
    {
        var job = FakeExecutor.Job() with
        { Steps = [new PayloadStep { Name = "script", Script = ["echo HANDED=on >> $GITLAB_ENV"] }, new PayloadStep { Name = "after_script", Script = ["echo got=$HANDED"] }] };

        await RunAsync(job);

        Assert.Contains("\ngot=on\n", _log.Text);
    }

    private Task<JobOutcome> RunAsync(JobPayload job) => new RunnerDouble(_fake.Options, _log, TimeProvider.System).RunAsync(job, JobStop.Never);
}
