using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job;

/// <summary>What each container of the job's pod is: image, user, resources.</summary>
internal sealed class ContainerPlans(KubernetesOptions options, Overwrites overwrites, JobVariables variables, Decision decision)
{
    private const string HealthcheckPort = "HEALTHCHECK_TCP_PORT";
    private const int LastPort = 65_535;

    private readonly ResourceWishes _wishes = new(overwrites, decision);

    public ImagePlan Build(ImageRequest? image)
    {
        var fallback = variables.Expand(options.Image ?? "");
        var name = image is { Name.Length: > 0 } ? variables.Expand(image.Name) : fallback;
        if (name.Length == 0)
        {
            decision.Refuse(
                "The job names no image, and the runner has no default image",
                "neither `image:` in the pipeline nor kubernetes.image in the executor's options file is set",
                "Add `image: …` to the job.");
        }
        else
        {
            ImageRules.CheckAllowed(name, "images", options.AllowedImages, [fallback, options.HelperImage], decision);
        }

        // `entrypoint: [""]` is GitLab's way to say "none".
        var entrypoint = image?.Entrypoint?.Where(e => e.Length > 0).ToList() ?? [];
        return new ImagePlan(name, ImageRules.PullPolicies(name, image?.PullPolicy, options, decision))
        {
            Entrypoint = entrypoint,
            EntrypointUse = entrypoint.Count > 0 ? EntrypointUse.Named
                : variables.IsTrue("FF_KUBERNETES_HONOR_ENTRYPOINT") && image?.Entrypoint is null ? EntrypointUse.OfImage
                : EntrypointUse.Ignored,
            User = UserWish.Of(image, $"image {name}", options.Security.Build.RunAsUser ?? options.Security.Pod.RunAsUser, options.Security, variables, decision),
            Resources = _wishes.Of("", options.BuildResources, options.Overwrites.Build, Wish("KUBERNETES_")),
        };
    }

    public ImagePlan Helper() => new(options.HelperImage, ImageRules.PullPolicies(options.HelperImage, null, options, decision))
    {
        Resources = _wishes.Of("Helper", options.HelperResources, options.Overwrites.Helper, Wish("KUBERNETES_HELPER_")),
    };

    public ResourceOptions Pod() => _wishes.Of("Pod", options.PodResources, options.Overwrites.Pod, Wish("KUBERNETES_POD_"));

    /// <summary>The operator's services, then the job's.</summary>
    public IReadOnlyList<ServicePlan> Services(IReadOnlyList<ImageRequest> services)
    {
        var taken = new HashSet<string> { Stage.BuildContainer, Stage.HelperContainer };
        return
        [
            .. options.Services.Select(OfOperator).Select((service, index) => Service(service, index, taken)),
            .. services.Select((service, index) => OfJob(service, index)).Select((service, index) => Service(service, options.Services.Count + index, taken)),
        ];
    }

    private ImageRequest OfJob(ImageRequest service, int index)
    {
        var name = variables.Expand(service.Name);
        if (name.Length == 0)
        {
            decision.Refuse($"Service {index + 1} of the job names no image", $"services[{index}].name is empty", "Add `name: …` to it.");
        }
        else
        {
            ImageRules.CheckAllowed(name, "services", options.AllowedServices, [], decision);
        }

        return service with { Name = name };
    }

    private ImageRequest OfOperator(ServiceOptions service) => new()
    {
        Name = variables.Expand(service.Name),
        Alias = service.Alias,
        Entrypoint = service.Entrypoint,
        Command = service.Command,
        Variables = [.. service.Environment.Select(e => e.Split('=', 2)).Select(e => new JobVariable { Key = e[0], Value = e.Length > 1 ? e[1] : "" })],
    };

    private ServicePlan Service(ImageRequest service, int index, HashSet<string> taken)
    {
        var own = (service.Variables ?? []).ToLookup(v => v.Key, v => v.Raw ? v.Value : variables.Expand(v.Value));
        var environment = ServiceVariables.Of(service, variables);
        (string, string?) OfService(string name) =>
            own["KUBERNETES_SERVICE_" + name].LastOrDefault() is { } longer ? ("KUBERNETES_SERVICE_" + name, longer)
            : own["KUBERNETES_" + name].LastOrDefault() is { } plain ? ("KUBERNETES_" + name, plain)
            : Wish("KUBERNETES_SERVICE_")(name);
        var image = new ImagePlan(service.Name, ImageRules.PullPolicies(service.Name, service.PullPolicy, options, decision))
        {
            Entrypoint = service.Entrypoint?.Where(e => e.Length > 0).ToList() ?? [],
            User = UserWish.Of(service, $"service {service.Name}", options.Security.Service.RunAsUser ?? options.Security.Pod.RunAsUser, options.Security, variables, decision),
            Resources = _wishes.Of("Service", options.ServiceResources, options.Overwrites.Service, OfService),
        };
        return new ServicePlan(ServiceNames.Container(service.Alias, index, taken), image, ServiceNames.Hostnames(service.Name, service.Alias))
        {
            Command = service.Command ?? [],
            Variables = environment,
            Ports = Ports(service, environment.GetValueOrDefault(HealthcheckPort)),
        };
    }

    private IReadOnlyList<int> Ports(ImageRequest service, string? healthcheck)
    {
        if (healthcheck is { Length: > 0 })
        {
            if (int.TryParse(healthcheck, out var port) && port is > 0 and <= LastPort)
            {
                return [port];
            }

            decision.Refuse($"\"{healthcheck}\" is no port", $"{HealthcheckPort} of service {service.Name}", "Write a number from 1 to 65535.");
        }

        return [.. (service.Ports ?? []).Select(p => p.Number).Where(p => p is > 0 and <= LastPort)];
    }

    private Func<string, (string, string?)> Wish(string prefix) => name => (prefix + name, variables.Get(prefix + name));
}
