using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Job;

/// <summary>Decides what a job gets, or why it gets nothing: all refusals at once. Pure: no cluster, no clock, no file.</summary>
internal static class Admission
{
    /// <summary>Beyond the job's timeout: the runner stops the job itself, the pod's own limit is for when it cannot.</summary>
    private static readonly TimeSpan DeadlineSlack = TimeSpan.FromMinutes(1);

    /// <exception cref="FailureException">The job cannot be run as it is.</exception>
    public static JobPlan Decide(JobRequest request, ExecutorOptions options)
    {
        var decision = new Decision();
        var job = request.Response;
        var variables = Variables(request);
        var kubernetes = Profiles.Choose(job, variables, options, decision);
        var overwrites = new Overwrites(variables, decision);
        var containers = new ContainerPlans(kubernetes, overwrites, variables, decision);
        var ns = Namespace(job, kubernetes, overwrites);
        var pod = request.Prepared ?? new PreparedPod(ns, PodName.Of(job));
        var plan = new JobPlan
        {
            Pod = pod,
            OwnsNamespace = kubernetes.NamespacePerJob,
            Build = containers.Build(job.Image),
            Helper = containers.Helper(),
            Services = containers.Services(job.Services ?? []),
            PodResources = containers.Pod(),
            ServiceAccount = overwrites.Text(
                "ServiceAccount", "KUBERNETES_SERVICE_ACCOUNT_OVERWRITE", kubernetes.ServiceAccount, kubernetes.Overwrites.ServiceAccount, "service_account_overwrite_allowed", KubernetesNames.IsSubdomain),
            Placement = PlacementPlan.Of(job.Image, kubernetes, overwrites, variables, decision),
            Volumes = VolumePlans.Of(kubernetes.Volumes, variables, decision),
            Labels = PodMetadata.Labels(request, pod.Name, kubernetes, overwrites, variables),
            Annotations = PodMetadata.Annotations(request, kubernetes, overwrites, variables),
            Deadline = TimeSpan.FromSeconds(job.RunnerInfo.Timeout) + DeadlineSlack,
            Logins = RegistryLogins.Of(job.Credentials ?? [], variables.Get("DOCKER_AUTH_CONFIG"), decision.Refusals),
            Options = kubernetes,
            Notices = decision.Notices,
        };
        return decision.Refusals.Count == 0 ? plan : throw new FailureException(decision.Refusals);
    }

    /// <summary>The job's settings, and where its pod is if no earlier call has said so. Never fails: cleanup must find what is there.</summary>
    public static (KubernetesOptions Kubernetes, PreparedPod Pod) Locate(JobRequest request, ExecutorOptions options)
    {
        var variables = Variables(request);
        var kubernetes = Profiles.Choose(request.Response, variables, options, new Decision());
        var ns = Namespace(request.Response, kubernetes, new Overwrites(variables, new Decision()));
        return (kubernetes, request.Prepared ?? new PreparedPod(ns, PodName.Of(request.Response)));
    }

    /// <summary>The service containers whose logs the job wants to see (CI_DEBUG_SERVICES).</summary>
    public static IReadOnlyList<string> ShownServices(JobRequest request, JobPlan plan) =>
        Variables(request).IsTrue("CI_DEBUG_SERVICES") ? [.. plan.Services.Select(s => s.Container)] : [];

    private static string Namespace(JobResponse job, KubernetesOptions options, Overwrites overwrites) => options.NamespacePerJob
        ? PodName.NamespaceOf(job)
        : overwrites.Text("Namespace", "KUBERNETES_NAMESPACE_OVERWRITE", options.Namespace, options.Overwrites.Namespace, "namespace_overwrite_allowed", KubernetesNames.IsLabel)!;

    /// <summary>The job file has all but what the runner adds.</summary>
    private static JobVariables Variables(JobRequest request) => new(
    [
        new JobVariable { Key = "CI_CONCURRENT_ID", Value = request.ConcurrentId, Raw = true },
        new JobVariable { Key = "CI_CONCURRENT_PROJECT_ID", Value = request.ConcurrentProjectId, Raw = true },
        new JobVariable { Key = "CI_RUNNER_SHORT_TOKEN", Value = request.RunnerShortToken, Raw = true },
        .. request.Response.Variables ?? [],
    ]);
}
