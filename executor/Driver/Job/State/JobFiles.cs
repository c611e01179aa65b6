using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Job.State;

/// <summary>The job file of a plan.</summary>
internal static class JobFiles
{
    /// <summary>Pure, but for the link's random key.</summary>
    /// <param name="optionsText">The text that <paramref name="options"/> were read from.</param>
    /// <param name="forceExec">The runner's environment asks for it (tests).</param>
    public static JobFile Of(JobRequest request, JobPlan plan, ApiEndpoint api, ExecutorOptions options, string optionsPath, string optionsText, bool forceExec, DateTimeOffset now) => new()
    {
        Pod = plan.Pod,
        OwnsNamespace = plan.OwnsNamespace,
        Api = api,
        Settings = CallSettings.Of(plan.Options),
        Services = [.. plan.Services.Select(s => new ServiceState(s.Container, s.Image.Name, s.Ports))],
        ShownServices = Admission.ShownServices(request, plan),
        HasCache = options.Cache is not null,
        HasBuilders = options.Builders.Count > 0,
        OptionsPath = optionsPath,
        OptionsText = options.Cache is not null || options.Builders.Count > 0 ? optionsText : null,
        ExpiresAt = now + plan.Deadline,

        // On the host's network, the agent's port would be one of the node's.
        Link = LinkState.New(forceExec || PodManifest.IsOnHostNetwork(plan) ? LinkTransport.Exec : LinkTransport.Auto),
    };

    /// <exception cref="FailureException">The file cannot be written.</exception>
    public static void Write(string? path, JobFile job)
    {
        if (path is null)
        {
            throw new FailureException(new Failure(
                FailureKind.System,
                "TMPDIR is not set",
                "config, prepare, run and cleanup are called by gitlab-runner, which makes a directory for the job there",
                "To run a pipeline without GitLab use: pod-executor try PIPELINE.yml"));
        }

        try
        {
            JobFileStore.Save(path, job);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(
                new Failure(FailureKind.System, $"The state file {path} cannot be written", e.Message, "Check the runner's disk and its TMPDIR."), e);
        }
    }
}
