using System.Text.Json;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Job;

/// <summary>
/// What gitlab-runner gave this call: the job file, which GitLab vouches for, and a few facts of the runner that are good
/// for names only. This is the one place that reads the environment and the job file.
/// </summary>
/// <param name="Response">Trusted.</param>
/// <param name="RunnerShortToken">From CUSTOM_ENV_: a pipeline may have changed it. Good for labels, never for a decision.</param>
/// <param name="ConcurrentId">Likewise.</param>
/// <param name="Prepared">What an earlier call of this job decided, from job_env; null in config and after a failed one.</param>
internal sealed record JobRequest(JobResponse Response, string RunnerShortToken, string ConcurrentId, PreparedPod? Prepared)
{
    /// <summary>What the runner says of itself and can be relied upon.</summary>
    public RunnerFacts Runner { get; init; } = new(null, null, false);

    /// <summary>The environment's login for the cache's store; empty if there is none.</summary>
    public StoreLogin StoreLogin { get; init; } = new("", "", null);

    private const string NamespaceVariable = "POD_EXECUTOR_NAMESPACE";
    private const string PodVariable = "POD_EXECUTOR_POD";

    /// <summary>As <see cref="ConcurrentId"/>, among the jobs of one project.</summary>
    public string ConcurrentProjectId { get; init; } = "0";

    /// <summary>The contract's exit codes; readable even if nothing else is.</summary>
    public static ExitCodes ReadExitCodes(Func<string, string?> environment) => new(
        Number(environment("BUILD_FAILURE_EXIT_CODE"), 1),
        Number(environment("SYSTEM_FAILURE_EXIT_CODE"), 2),
        environment("BUILD_EXIT_CODE_FILE") is { Length: > 0 } file ? file : null);

    /// <summary>The store's login as AWS's programs find it. The pipeline has no way to set these: its variables come with a prefix.</summary>
    public static StoreLogin ReadStoreLogin(Func<string, string?> environment) => new(
        environment("AWS_ACCESS_KEY_ID") ?? "", environment("AWS_SECRET_ACCESS_KEY") ?? "", environment("AWS_SESSION_TOKEN"));

    /// <summary>What config's answer made the runner hand over; null if it did not.</summary>
    public static PreparedPod? ReadPrepared(Func<string, string?> environment) =>
        environment(PodVariable) is { Length: > 0 } pod ? new PreparedPod(environment(NamespaceVariable) ?? "", pod) : null;

    /// <exception cref="FailureException">There is no job file, or it is not what gitlab-runner writes.</exception>
    public static JobRequest Read(Func<string, string?> environment)
    {
        var path = environment("JOB_RESPONSE_FILE") ?? throw new FailureException(new Failure(
            FailureKind.System,
            "JOB_RESPONSE_FILE is not set",
            "config, prepare, run and cleanup are called by gitlab-runner, which names the job's file there (since 14.7)",
            "To run a pipeline without GitLab use: pod-executor try PIPELINE.yml"));
        var response = ReadFile(path);
        return new JobRequest(
            response,
            environment("CUSTOM_ENV_CI_RUNNER_SHORT_TOKEN") ?? "",
            environment("CUSTOM_ENV_CI_CONCURRENT_ID") ?? "0",
            ReadPrepared(environment))
        {
            StoreLogin = ReadStoreLogin(environment),
            Runner = RunnerFacts.Of(name => environment("CUSTOM_ENV_" + name), response),
            ConcurrentProjectId = environment("CUSTOM_ENV_CI_CONCURRENT_PROJECT_ID") ?? "0",
        };
    }

    /// <summary>What the calls after config get as environment; a pipeline cannot forge it.</summary>
    public static IReadOnlyDictionary<string, string> Remember(PreparedPod pod) =>
        new Dictionary<string, string> { [NamespaceVariable] = pod.Namespace, [PodVariable] = pod.Name };

    private static JobResponse ReadFile(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize(file, JobJson.Default.JobResponse)
                ?? throw Unusable(path, "it holds null", null);
        }
        catch (JsonException e)
        {
            // The message of a JsonException may quote the value, which may be a secret: only the place is told.
            throw Unusable(path, $"at {e.Path ?? "$"}, line {e.LineNumber + 1}, byte {e.BytePositionInLine}", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, e.Message, e);
        }
    }

    private static FailureException Unusable(string path, string why, Exception? inner) => new(
        new Failure(
            FailureKind.System,
            $"The job file {path} (JOB_RESPONSE_FILE) is not what gitlab-runner writes",
            why,
            "Check that nothing but gitlab-runner sets JOB_RESPONSE_FILE, and that its disk is not full."),
        inner);

    private static int Number(string? text, int fallback) => int.TryParse(text, out var number) ? number : fallback;
}

/// <summary>Where a job's pod is.</summary>
internal sealed record PreparedPod(string Namespace, string Name);
