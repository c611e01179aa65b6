using System.Text.Json;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>Contract §2 to §4: what a call finds when it starts.</summary>
public sealed class ProcessFactsTests : IDisposable
{
    private readonly FakeExecutor _fake = new();
    private readonly WatchedLog _log = new();

    public void Dispose() => _fake.Dispose();

    [Fact]
    public async Task Call_Started_IsLeaderOfItsGroupWithEmptyStdin()
    {
        _fake.On("prepare", """
            echo "pgid=$(ps -o pgid= -p $$ | tr -d ' ') pid=$$ sid=$(ps -o sid= -p $$ | tr -d ' ')"
            echo "stdin=$(readlink /proc/self/fd/0) cwd=$(pwd)"
            echo "ignored=$(grep SigIgn /proc/$$/status | cut -f2)"
            """);

        var call = await PrepareAsync();

        var text = call.Stdout.Text;
        var pid = text.Split("pid=")[1].Split(' ')[0];
        Assert.StartsWith($"pgid={pid} pid={pid} sid=", text);
        Assert.DoesNotContain($"sid={pid}\n", text);
        Assert.Contains("stdin=/dev/null ", text);
        Assert.Contains($"cwd={_fake.Home}/tmp/custom-executor", text);
        // bash ignores SIGQUIT by itself; SIGPIPE, which .NET ignores, must not be there.
        Assert.Matches("ignored=000000000000000[04]\n", text);
    }

    [Fact]
    public async Task Tmpdir_OfACall_HoldsTheJobPrivately()
    {
        _fake.On("prepare", """stat -c '%a %n' "$TMPDIR" "$JOB_RESPONSE_FILE"; ls "$TMPDIR" """);
        _fake.On("build_script", """stat -c '%a %n' "$2" "$(dirname "$2")" """);
        var text = (await PrepareAsync()).Stdout.Text;

        Assert.Matches(@"^700 \S+/custom-executor\d+\n600 \S+/response.json\nresponse.json\n$", text);
        await new RunnerDouble(_fake.Options, _log, TimeProvider.System).RunAsync(FakeExecutor.Job("true"), JobStop.Never);
        Assert.Matches(@"700 \S+/script\d+/script\n700 \S+/script\d+\n", _log.Text);
    }

    [Fact]
    public async Task Environment_OfEachCall_IsTheRunners()
    {
        var job = FakeExecutor.Job("true") with
        {
            Variables =
            [
                FakeExecutor.Variable("GIT_STRATEGY", "none"), FakeExecutor.Variable("A", "old"), FakeExecutor.Variable("A", "new"), FakeExecutor.Variable("B", "<$A>"),
                FakeExecutor.Variable("C", "$A") with { Raw = true }, FakeExecutor.Variable("F", "content\nlines") with { File = true },
            ],
            Image = new PayloadImage { Name = "alpine:$A" },
            Services = [new PayloadImage { Name = "pg:$A", Alias = "db pg", Command = ["$A"], Variables = [FakeExecutor.Variable("P", "$A")] }],
        };
        await new RunnerDouble(_fake.Options, _log, TimeProvider.System).RunAsync(job, JobStop.Never);

        var config = _fake.EnvironmentOf("config");
        Assert.Equal(("", "", ".tmp"), (config["CUSTOM_ENV_CI_BUILDS_DIR"], config["CUSTOM_ENV_CI_PROJECT_DIR"], config["CUSTOM_ENV_RUNNER_TEMP_PROJECT_DIR"]));
        Assert.False(config.ContainsKey("FAKE_JOB_ENV"));
        var run = _fake.EnvironmentOf("build_script");
        Assert.Equal(("yes", "1", "2"), (run["FAKE_JOB_ENV"], run["BUILD_FAILURE_EXIT_CODE"], run["SYSTEM_FAILURE_EXIT_CODE"]));
        Assert.Equal(run["TMPDIR"] + "/build_exit_code", run["BUILD_EXIT_CODE_FILE"]);
        Assert.Equal(("new", "<new>", "$A", "content\nlines"), (run["CUSTOM_ENV_A"], run["CUSTOM_ENV_B"], run["CUSTOM_ENV_C"], run["CUSTOM_ENV_F"]));
        Assert.Equal($"{_fake.Home}/builds/group/demo", run["CUSTOM_ENV_CI_PROJECT_DIR"]);
        Assert.Equal("alpine:new", run["CUSTOM_ENV_CI_JOB_IMAGE"]);
        Assert.Equal("""[{"name":"pg:new","alias":"db","entrypoint":null,"command":["$A"],"variables":{"P":"new"}}]""", run["CUSTOM_ENV_CI_JOB_SERVICES"]);
        Assert.Equal("success", _fake.EnvironmentOf("cleanup")["CUSTOM_ENV_CI_JOB_STATUS"]);
    }

    [Theory]
    [InlineData("PATH", true)]
    [InlineData("CUSTOM_ENV_CI_JOB_STATUS", false)]
    [InlineData("TMPDIR", true)]
    public async Task JobEnv_OfAKnownName_WinsOverAllButCustomEnv(string name, bool wins)
    {
        _fake.On("config", "printf '{\"builds_dir\":\"/b\",\"cache_dir\":\"/c\",\"job_env\":{\"" + name + "\":\"/bin:/usr/bin\"}}'; exit 0");
        await PrepareAsync();

        Assert.Equal(wins, _fake.EnvironmentOf("prepare")[name] == "/bin:/usr/bin");
    }

    [Fact]
    public void Response_WrittenAgain_HasTheRunnersKeys()
    {
        var job = FakeExecutor.Job("true");
        using var json = JsonDocument.Parse(job.ToJson());

        // The keys and order of the recorded facts/samples/response-image-services.json.
        Assert.Equal(
            ["id", "token", "allow_git_fetch", "job_info", "git_info", "runner_info", "inputs", "variables", "steps", "image", "services", "artifacts", "cache", "credentials", "dependencies", "features", "policy_options", "suspend_options"],
            json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(
            ["name", "stage", "pipeline_id", "project_id", "project_name", "project_full_path", "namespace_id", "root_namespace_id", "organization_id", "instance_id", "instance_uuid", "user_id", "time_in_queue_seconds", "project_jobs_running_on_instance_runners_count", "queue_size", "queue_depth"],
            json.RootElement.GetProperty("job_info").EnumerateObject().Select(p => p.Name));
        Assert.Equal("""{"name":"","executor_opts":{"docker":{"platform":"","user":""},"kubernetes":{"user":""}}}""", json.RootElement.GetProperty("image").GetRawText());
        Assert.Equal(JsonValueKind.Null, json.RootElement.GetProperty("artifacts").ValueKind);
    }

    [Fact]
    public async Task Output_OfManyMegabytes_IsCountedInConstantMemory()
    {
        _fake.On("prepare", "head -c 30000000 /dev/zero; head -c 1000 /dev/zero >&2");

        var call = await PrepareAsync();

        Assert.Equal((30_000_000, 1000, 256 * 1024), (call.Stdout.Bytes, call.Stderr.Bytes, call.Stdout.Head.Length));
    }

    [Fact]
    public async Task Variable_TooLongForAnEnvironment_FailsTheCallWithTheReason()
    {
        var job = FakeExecutor.Job("true") with { Variables = [FakeExecutor.Variable("BIG", new string('x', 200_000))] };

        var outcome = await new RunnerDouble(_fake.Options, _log, TimeProvider.System).RunAsync(job, JobStop.Never);

        Assert.Contains("Argument list too long", outcome.Message);
        Assert.Equal("runner_system_failure", outcome.FailureReason);
    }

    private async Task<CallRecord> PrepareAsync()
    {
        using var session = new RunnerSession(_fake.Options, FakeExecutor.Job("true"), _ => ValueTask.CompletedTask, TimeProvider.System);
        await session.ConfigAsync(CancellationToken.None);
        return await session.PrepareAsync(CancellationToken.None);
    }
}
