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
        var kubernetes = options.Kubernetes;
        var job = request.Response;
        var variables = new JobVariables(job.Variables ?? []);
        var refusals = new List<Failure>();
        var pod = request.Prepared ?? new PreparedPod(kubernetes.Namespace, PodName.Of(job));
        var plan = new JobPlan
        {
            Pod = pod,
            Build = Build(job.Image, kubernetes, variables, refusals),
            Helper = new ImagePlan(kubernetes.HelperImage, PullPolicies.First(kubernetes.PullPolicies)) { Resources = kubernetes.HelperResources },
            Services = Services(job.Services ?? [], kubernetes, variables, refusals),
            Labels = PodMetadata.Labels(request, pod.Name),
            Annotations = PodMetadata.Annotations(request, variables),
            Deadline = TimeSpan.FromSeconds(job.RunnerInfo.Timeout) + DeadlineSlack,
            Logins = RegistryLogins.Of(job.Credentials ?? [], variables.Get("DOCKER_AUTH_CONFIG"), refusals),
            Options = kubernetes,
        };
        return refusals.Count == 0 ? plan : throw new FailureException(refusals);
    }

    private static ImagePlan Build(ImageRequest? image, KubernetesOptions options, JobVariables variables, List<Failure> refusals)
    {
        var name = image is { Name.Length: > 0 } ? variables.Expand(image.Name) : variables.Expand(options.Image ?? "");
        if (name.Length == 0)
        {
            refusals.Add(new Failure(
                FailureKind.Job,
                "The job names no image, and the runner has no default image",
                "neither `image:` in the pipeline nor kubernetes.image in the executor's options file is set",
                "Add `image: …` to the job."));
        }

        // `entrypoint: [""]` is GitLab's way to say "none".
        var entrypoint = image?.Entrypoint?.Where(e => e.Length > 0).ToList() ?? [];
        return new ImagePlan(name, PullPolicy(image, options, refusals))
        {
            Entrypoint = entrypoint,
            EntrypointUse = entrypoint.Count > 0 ? EntrypointUse.Named
                : variables.IsTrue("FF_KUBERNETES_HONOR_ENTRYPOINT") && image?.Entrypoint is null ? EntrypointUse.OfImage
                : EntrypointUse.Ignored,
            Resources = options.BuildResources,
        };
    }

    private static List<ServicePlan> Services(
        IReadOnlyList<ImageRequest> services, KubernetesOptions options, JobVariables variables, List<Failure> refusals)
    {
        var taken = new HashSet<string> { Stage.BuildContainer, Stage.HelperContainer };
        var plans = new List<ServicePlan>();
        foreach (var service in services)
        {
            var name = variables.Expand(service.Name);
            if (name.Length == 0)
            {
                refusals.Add(new Failure(
                    FailureKind.Job, $"Service {plans.Count + 1} of the job names no image", $"services[{plans.Count}].name is empty", "Add `name: …` to it."));
            }

            var image = new ImagePlan(name, PullPolicy(service, options, refusals))
            {
                Entrypoint = service.Entrypoint?.Where(e => e.Length > 0).ToList() ?? [],
                Resources = options.ServiceResources,
            };
            plans.Add(new ServicePlan(ServiceNames.Container(service.Alias, plans.Count, taken), image, ServiceNames.Hostnames(name, service.Alias))
            {
                Command = service.Command ?? [],
                Variables = ServiceVariables.Of(service, variables),
            });
        }

        return plans;
    }

    private static string? PullPolicy(ImageRequest? image, KubernetesOptions options, List<Failure> refusals)
    {
        if (image?.PullPolicy is not { Count: > 0 } wanted)
        {
            return PullPolicies.First(options.PullPolicies);
        }

        var policy = PullPolicies.ToKubernetes(wanted[0]);
        if (policy is null)
        {
            refusals.Add(new Failure(
                FailureKind.Job, $"pull_policy \"{wanted[0]}\" of image {image.Name} is not known", null, $"Use one of {string.Join(", ", PullPolicies.Names)}."));
        }

        return policy;
    }
}
