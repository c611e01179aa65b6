using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>What config.toml tells gitlab-runner about a custom executor.</summary>
internal sealed record RunnerOptions
{
    /// <summary>config_exec, prepare_exec, run_exec and cleanup_exec are the same program here.</summary>
    public required string Executable { get; init; }

    public IReadOnlyList<string> ConfigArguments { get; init; } = ["config"];

    public IReadOnlyList<string> PrepareArguments { get; init; } = ["prepare"];

    public IReadOnlyList<string> RunArguments { get; init; } = ["run"];

    public IReadOnlyList<string> CleanupArguments { get; init; } = ["cleanup"];

    /// <summary>The runner's own TMPDIR: each try of a job gets a directory of its own in it.</summary>
    public string TemporaryDirectory { get; init; } = Path.GetTempPath();

    /// <summary>The runner process's environment, all of which the executor inherits; null: ours.</summary>
    public IReadOnlyDictionary<string, string>? ProcessEnvironment { get; init; }

    /// <summary>environment = [...] of the runner.</summary>
    public IReadOnlyList<JobVariable> Variables { get; init; } = [];

    public string BuildsDir { get; init; } = "";

    public string CacheDir { get; init; } = "";

    public string Shell { get; init; } = "bash";

    public string ShortToken { get; init; } = "abcdefghi";

    public int ConcurrentId { get; init; }

    public int ConcurrentProjectId { get; init; }

    public TimeSpan GracefulKill { get; init; } = TimeSpan.FromMinutes(10);

    public TimeSpan ForceKill { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>PreparationRetries and its pause (common/consts.go).</summary>
    public int PreparationTries { get; init; } = 3;

    public TimeSpan PreparationPause { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The first pause between two tries of a stage; it doubles up to five minutes.</summary>
    public TimeSpan StagePause { get; init; } = TimeSpan.FromSeconds(5);

    public int BuildFailureExitCode { get; init; } = 1;

    public int SystemFailureExitCode { get; init; } = 2;

    /// <summary>False: a runner before 17.9, which does not set BUILD_EXIT_CODE_FILE.</summary>
    public bool HasExitCodeFile { get; init; } = true;

    /// <summary>For tests: changes response.json before it is written, for example into that of an older runner.</summary>
    public Func<string, string>? RewriteResponse { get; init; }

    /// <summary>
    /// For tests: awaited before each read of stdout or stderr (true) of a call. A busy runner reads either pipe at any time after the
    /// executor wrote to it.
    /// </summary>
    public Func<bool, ValueTask>? BeforeRead { get; init; }

    /// <summary>For tests: (stage, generated script) → the script that is given to run.</summary>
    public Func<string, string, string>? RewriteScript { get; init; }
}

/// <summary>The two ways in which a job is stopped from outside (custom-executor contract §7).</summary>
/// <param name="Graceful">Job-Status "canceling": the step is stopped, after_script and what follows still run.</param>
/// <param name="Abort">Job-Status "canceled", or the runner itself is told to go: only cleanup follows.</param>
internal sealed record JobStop(CancellationToken Graceful, CancellationToken Abort)
{
    public static JobStop Never => new(CancellationToken.None, CancellationToken.None);
}

internal enum JobResult
{
    Success,
    Failed,
    Canceled,
}

/// <summary>What gitlab-runner would tell GitLab, and how it came about.</summary>
/// <param name="FailureReason">As GitLab names it: script_failure, runner_system_failure, job_execution_timeout, unknown_failure, runner_interrupted.</param>
/// <param name="ExitCode">The script's own code, 1 if it is not known, 0 for success and for system failures.</param>
/// <param name="Message">The log's last line.</param>
internal sealed record JobOutcome(
    JobResult Result, string? FailureReason, int ExitCode, string Message, IReadOnlyList<CallRecord> Calls, TimeSpan Duration)
{
    /// <summary>"config", "prepare", the stages in order, "cleanup": what tests compare.</summary>
    public IReadOnlyList<string> Stages => [.. Calls.Select(c => c.Stage)];
}
