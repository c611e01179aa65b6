using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>
/// All variables of a job in gitlab-runner's order of precedence, later wins (common/build.go getAllVariables): feature flags,
/// what the runner knows, what GitLab sent, what the runner insists on.
/// </summary>
internal static class RunnerVariables
{
    public const string Version = "19.3.0";

    private const string Revision = "9cbf0074";

    // helpers/featureflags/flags.go of 19.3.0: those that are on by default …
    private static readonly string[] FlagsOn =
    [
        "FF_USE_DIRECT_DOWNLOAD", "FF_USE_POD_ACTIVE_DEADLINE_SECONDS", "FF_SECRET_RESOLVING_FAILS_IF_MISSING", "FF_USE_GIT_BUNDLE_URIS",
        "FF_USE_DOCKER_AUTOSCALER_DIAL_STDIO", "FF_TIMESTAMPS", "FF_MASK_ALL_DEFAULT_TOKENS", "FF_USE_EXPONENTIAL_BACKOFF_STAGE_RETRY",
        "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY", "FF_USE_GITALY_CORRELATION_ID", "FF_ENABLE_JOB_INPUTS_INTERPOLATION",
    ];

    // … and those that are off.
    private static readonly string[] FlagsOff =
    [
        "FF_TEST_FEATURE", "FF_NETWORK_PER_BUILD", "FF_USE_LEGACY_KUBERNETES_EXECUTION_STRATEGY", "FF_USE_FASTZIP",
        "FF_DISABLE_UMASK_FOR_DOCKER_EXECUTOR", "FF_ENABLE_BASH_EXIT_CODE_CHECK", "FF_USE_WINDOWS_LEGACY_PROCESS_STRATEGY",
        "FF_USE_LEGACY_BASH_EVAL", "FF_USE_POWERSHELL_PATH_RESOLVER", "FF_USE_DYNAMIC_TRACE_FORCE_SEND_INTERVAL", "FF_SCRIPT_SECTIONS",
        "FF_ENABLE_JOB_CLEANUP", "FF_KUBERNETES_HONOR_ENTRYPOINT", "FF_POSIXLY_CORRECT_ESCAPES", "FF_RESOLVE_FULL_TLS_CHAIN",
        "FF_DISABLE_POWERSHELL_STDIN", "FF_USE_ADVANCED_POD_SPEC_CONFIGURATION", "FF_PRINT_POD_EVENTS", "FF_USE_GIT_NATIVE_CLONE",
        "FF_USE_DUMB_INIT_WITH_KUBERNETES_EXECUTOR", "FF_USE_INIT_WITH_DOCKER_EXECUTOR", "FF_LOG_IMAGES_CONFIGURED_FOR_JOB",
        "FF_CLEAN_UP_FAILED_CACHE_EXTRACT", "FF_USE_WINDOWS_JOB_OBJECT", "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION",
        "FF_USE_LEGACY_GCS_CACHE_ADAPTER", "FF_DISABLE_UMASK_FOR_KUBERNETES_EXECUTOR", "FF_USE_LEGACY_S3_CACHE_ADAPTER",
        "FF_GIT_URLS_WITHOUT_TOKENS", "FF_WAIT_FOR_POD_TO_BE_REACHABLE", "FF_EXPORT_HIGH_CARDINALITY_METRICS",
        "FF_USE_FLEETING_ACQUIRE_HEARTBEATS", "FF_USE_GIT_PROACTIVE_AUTH", "FF_HASH_CACHE_KEYS", "FF_USE_JOB_ROUTER",
        "FF_SCRIPT_TO_STEP_MIGRATION", "FF_USE_PARALLEL_CACHE_TRANSFER", "FF_USE_PARALLEL_ARTIFACT_TRANSFER", "FF_CONCRETE",
        "FF_SUSPENDABLE_ENVIRONMENTS", "FF_USE_NATIVE_CONTAINER_STOP",
    ];

    /// <param name="status">CI_JOB_STATUS: running, and from after_script on success, failed, canceled or timedout.</param>
    public static IReadOnlyList<JobVariable> All(JobPayload job, RunnerOptions options, RunnerPaths paths, string status)
    {
        var image = job.Image.Name.Length > 0
            ? new JobVariables(job.Variables).Expand(job.Image.Name)
            : null;
        return
        [
            .. FlagsOff.Select(name => Plain(name, "false")),
            .. FlagsOn.Select(name => Plain(name, "true")),
            Plain("CI_RUNNER_SHORT_TOKEN", options.ShortToken),
            .. image is null ? Array.Empty<JobVariable>() : [Plain("CI_JOB_IMAGE", image)],
            .. options.Variables,
            Plain("CI_BUILDS_DIR", paths.BuildsDir),
            Plain("CI_PROJECT_DIR", paths.BuildDir),
            Plain("CI_CONCURRENT_ID", $"{options.ConcurrentId}"),
            Plain("CI_CONCURRENT_PROJECT_ID", $"{options.ConcurrentProjectId}"),
            Plain("CI_SERVER", "yes"),
            Plain("CI_JOB_STATUS", status),
            Plain("CI_JOB_TIMEOUT", $"{job.RunnerInfo.Timeout}"),
            .. job.Variables,
            Plain("CI_SHARED_ENVIRONMENT", "true"),
            Plain("CI_RUNNER_VERSION", Version),
            Plain("CI_RUNNER_REVISION", Revision),
            Plain("CI_RUNNER_EXECUTABLE_ARCH", "linux/amd64"),
            Plain("RUNNER_TEMP_PROJECT_DIR", paths.TempDir),
        ];
    }

    private static JobVariable Plain(string key, string value) => new() { Key = key, Value = value, Public = true };
}
