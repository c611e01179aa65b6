using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>Timeouts, cancel and the kill sequence (contract §7). Time is virtual; the fake says when it has got where the test wants it.</summary>
public sealed class RunnerStopTests : IDisposable
{
    private const string Dawdle = "trap 'echo termed; exit 143' TERM; echo ready; while :; do sleep 0.05; done";

    private static readonly string[] AllLate = ["build_script", "after_script", "archive_cache_on_failure", "cleanup_file_variables", "cleanup"];

    private readonly FakeExecutor _fake = new();
    private readonly WatchedLog _log = new();
    private readonly ManualTime _time = new();
    private readonly CancellationTokenSource _graceful = new();
    private readonly CancellationTokenSource _abort = new();

    public void Dispose()
    {
        _fake.Dispose();
        _graceful.Dispose();
        _abort.Dispose();
    }

    [Fact]
    public async Task JobTimeout_InTheScript_LeavesOnlyCleanup()
    {
        _fake.On("build_script", Dawdle);
        var running = RunAsync(Job());
        await _log.Saw("ready");
        _time.Advance(TimeSpan.FromSeconds(3600));
        var outcome = await running;

        Assert.Equal(["build_script", "cleanup"], Late(outcome));
        Assert.Equal("job_execution_timeout", outcome.FailureReason);
        Assert.Equal(CallStop.Terminated, outcome.Calls.Single(c => c.Stage == "build_script").Stop);
        Assert.Contains("termed", _log.Text);
    }

    [Fact]
    public async Task Cancel_Graceful_StopsTheStepOnly()
    {
        _fake.On("build_script", Dawdle);
        var running = RunAsync(Job());
        await _log.Saw("ready");
        await _graceful.CancelAsync();
        var outcome = await running;

        Assert.Equal(AllLate, Late(outcome));
        Assert.Equal((JobResult.Canceled, "canceled"), (outcome.Result, _fake.EnvironmentOf("after_script")["CUSTOM_ENV_CI_JOB_STATUS"]));
    }

    [Fact]
    public async Task Cancel_OfAFinishingStep_IsStillACancel()
    {
        _fake.On("build_script", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done");
        var running = RunAsync(Job());
        await _log.Saw("ready");
        await _graceful.CancelAsync();

        Assert.Equal(JobResult.Canceled, (await running).Result);
    }

    [Theory]
    [InlineData("config")]
    [InlineData("prepare")]
    [InlineData("get_sources")]
    [InlineData("build_script")]
    [InlineData("after_script")]
    public async Task Abort_InAnyCall_LeavesOnlyCleanup(string stage)
    {
        _fake.On(stage, Dawdle.Replace("echo ready", "echo ready >&2"));
        var running = RunAsync(Job());
        await _log.Saw("ready");
        await _abort.CancelAsync();
        var outcome = await running;

        Assert.Equal([stage, "cleanup"], outcome.Stages.TakeLast(2));
        Assert.Equal((JobResult.Canceled, "runner_interrupted"), (outcome.Result, outcome.FailureReason));
    }

    [Fact]
    public async Task ScriptTimeout_Reached_StopsTheStepOnly()
    {
        _fake.On("build_script", Dawdle);
        var running = RunAsync(Job("RUNNER_SCRIPT_TIMEOUT", "10s"));
        await _log.Saw("ready");
        _time.Advance(TimeSpan.FromSeconds(10));
        var outcome = await running;

        Assert.Equal(AllLate, Late(outcome));
        Assert.Equal(("job_execution_timeout", "timedout"), (outcome.FailureReason, _fake.EnvironmentOf("after_script")["CUSTOM_ENV_CI_JOB_STATUS"]));
    }

    [Fact]
    public async Task AfterScriptTimeout_Reached_ChangesNothingElse()
    {
        _fake.On("after_script", Dawdle);
        var running = RunAsync(Job());
        await _log.Saw("ready");
        _time.Advance(TimeSpan.FromMinutes(5));
        var outcome = await running;

        Assert.Equal(["build_script", "after_script", "cleanup_file_variables", "cleanup"], Late(outcome));
        Assert.Equal(JobResult.Success, outcome.Result);
    }

    [Fact]
    public async Task Call_ThatIgnoresTerm_IsKilledAfterTheGracefulTimeout()
    {
        _fake.On("build_script", "trap '' TERM; echo ready; while :; do sleep 0.05; done");
        var running = RunAsync(Job());
        await _log.Saw("ready");
        await _abort.CancelAsync();
        await PassAsync(TimeSpan.FromMinutes(10));
        var call = (await running).Calls.Single(c => c.Stage == "build_script");

        Assert.Equal((CallStop.Killed, 9), (call.Stop, call.Signal));
    }

    [Fact]
    public async Task Group_OfTheCall_GetsTheSignalToo()
    {
        // A child in the group must go with its leader, one in another session stays: the driver would have to end it.
        _fake.On("build_script", "(trap 'echo child-termed; exit' TERM; echo ready; while :; do sleep 0.05; done) & wait $!; wait");
        var running = RunAsync(Job());
        await _log.Saw("ready");
        await _abort.CancelAsync();
        await running;

        Assert.Contains("child-termed", _log.Text);
    }

    [Fact]
    public async Task Call_WhosePipeIsHeldByAChild_IsWaitedFor()
    {
        _fake.On("build_script", """mkfifo "$home/hold"; (read -r line < "$home/hold"; echo late) & echo ready; exit 0""");
        var running = RunAsync(Job());
        await _log.Saw("ready");
        await Until.TrueAsync(() => File.Exists(Path.Combine(_fake.Home, "hold")));
        Assert.False(running.IsCompleted);
        await File.WriteAllTextAsync(Path.Combine(_fake.Home, "hold"), "go\n", TestContext.Current.CancellationToken);
        var outcome = await running;

        Assert.Contains("late", outcome.Calls.Single(c => c.Stage == "build_script").Stdout.Text);
        Assert.Equal(JobResult.Success, outcome.Result);
    }

    [Fact]
    public async Task Call_WhosePipeIsHeldForever_IsAbandoned()
    {
        _fake.On("build_script", """setsid sh -c 'echo ready; exec sleep 30' & echo $! > "$home/pid"; exit 0""");
        var running = RunAsync(Job());
        await _log.Saw("ready");
        await _abort.CancelAsync();
        await PassAsync(TimeSpan.FromMinutes(10));
        await PassAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(CallStop.Abandoned, (await running).Calls.Single(c => c.Stage == "build_script").Stop);
        using var left = System.Diagnostics.Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(Path.Combine(_fake.Home, "pid"), TestContext.Current.CancellationToken)));
        left.Kill();
    }

    /// <summary>Waits until somebody waits for so long, and lets that time pass.</summary>
    private async Task PassAsync(TimeSpan duration)
    {
        await Until.TrueAsync(() => _time.HasTimer(duration));
        _time.Advance(duration);
    }

    private static IEnumerable<string> Late(JobOutcome outcome) => outcome.Stages.SkipWhile(s => s != "build_script");

    private static JobPayload Job(string variable = "X", string value = "y") => FakeExecutor.Job() with
    {
        Variables = [FakeExecutor.Variable("GIT_STRATEGY", "none"), FakeExecutor.Variable(variable, value)],
        Steps = [new PayloadStep { Name = "script", Script = ["true"] }, new PayloadStep { Name = "after_script", Script = ["true"] }],
        Cache = [new PayloadCache { Key = "f", Paths = ["x"], When = "on_failure" }],
    };

    private Task<JobOutcome> RunAsync(JobPayload job) => new RunnerDouble(_fake.Options, _log, _time).RunAsync(job, new JobStop(_graceful.Token, _abort.Token));
}
