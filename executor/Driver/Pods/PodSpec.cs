using k8s.Models;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Pods;

/// <summary>
/// Writes a plan down as a pod. Pure. The order of the containers is part of the design: the kubelet starts them one after
/// the other, the helper first with a postStart hook that puts the agent onto the tools volume; so no init container is needed
/// (an init container costs a second). The build container comes last: when it runs, all do.
/// </summary>
internal static class PodSpec
{
    public static V1Pod Of(JobPlan plan) => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new V1ObjectMeta
        {
            Name = plan.Pod.Name,
            NamespaceProperty = plan.Pod.Namespace,
            Labels = plan.Labels.ToDictionary(),
            Annotations = plan.Annotations.ToDictionary(),
        },
        Spec = new V1PodSpec
        {
            RestartPolicy = "Never",
            ActiveDeadlineSeconds = (long)plan.Deadline.TotalSeconds,
            TerminationGracePeriodSeconds = (long)plan.Options.CleanupGrace.TotalSeconds,
            AutomountServiceAccountToken = false,
            ServiceAccountName = plan.Options.ServiceAccount,
            NodeSelector = plan.Options.NodeSelector.Count > 0 ? plan.Options.NodeSelector.ToDictionary() : null,
            ImagePullSecrets = PullSecrets(plan),
            HostAliases = HostAliases(plan),
            Containers = [Helper(plan), .. plan.Services.Select((service, index) => Service(plan, service, index)), Build(plan)],
            Volumes = Volumes(plan),
        },
    };

    private static V1Container Helper(JobPlan plan)
    {
        var container = Container(plan, Stage.HelperContainer, plan.Helper);
        container.SecurityContext.ReadOnlyRootFilesystem = plan.Options.Security.ReadOnlyRootFilesystem ? true : null;
        container.Command = [.. PodLayout.HelperCommand];
        container.Lifecycle = new V1Lifecycle
        {
            PostStart = new V1LifecycleHandler { Exec = new V1ExecAction { Command = [.. PodLayout.InstallCommand] } },
        };
        container.VolumeMounts =
        [
            Mount(PodLayout.ToolsVolume, PodLayout.ToolsDirectory),
            Mount(PodLayout.StateVolume(Stage.HelperContainer), PodLayout.StateDirectory),
            Mount(PodLayout.StateVolume(Stage.BuildContainer), PodLayout.BuildStateInHelper, readOnly: true),
            .. JobMounts(plan),
        ];
        return container;
    }

    private static V1Container Build(JobPlan plan)
    {
        var container = Container(plan, Stage.BuildContainer, plan.Build);
        container.SecurityContext.ReadOnlyRootFilesystem = plan.Options.Security.ReadOnlyRootFilesystem ? true : null;
        if (plan.Build.EntrypointUse == EntrypointUse.Ignored)
        {
            container.Command = [.. PodLayout.BuildCommand];
        }
        else
        {
            // As docker does: the entrypoint gets the command as its arguments, and is to end in exec "$@".
            container.Command = plan.Build.EntrypointUse == EntrypointUse.Named ? [.. plan.Build.Entrypoint] : null;
            container.Args = [.. PodLayout.BuildCommand];
        }

        container.VolumeMounts =
        [
            Mount(PodLayout.ToolsVolume, PodLayout.ToolsDirectory, readOnly: true),
            Mount(PodLayout.StateVolume(Stage.BuildContainer), PodLayout.StateDirectory),
            .. JobMounts(plan),
        ];
        return container;
    }

    private static V1Container Service(JobPlan plan, ServicePlan service, int index)
    {
        var container = Container(plan, service.Container, service.Image);
        container.Command = service.Image.Entrypoint.Count > 0 ? [.. service.Image.Entrypoint] : null;
        container.Args = service.Command.Count > 0 ? [.. service.Command] : null;
        container.Env = service.Variables.Count == 0 ? null :
        [
            .. service.Variables.Keys.Select(name => new V1EnvVar
            {
                Name = name,
                ValueFrom = new V1EnvVarSource
                {
                    SecretKeyRef = new V1SecretKeySelector { Name = PodName.ServiceSecret(plan.Pod.Name), Key = JobSecrets.ServiceKey(index, name) },
                },
            }),
        ];
        container.VolumeMounts = [.. JobMounts(plan)];
        return container;
    }

    private static V1Container Container(JobPlan plan, string name, ImagePlan image) => new()
    {
        Name = name,
        Image = image.Name,
        ImagePullPolicy = image.PullPolicy,
        Resources = Resources(image.Resources),
        SecurityContext = new V1SecurityContext
        {
            Privileged = plan.Options.Privileged ? true : null,
            Capabilities = plan.Options.Privileged ? null : new V1Capabilities { Drop = ["NET_RAW"] },
        },
    };

    private static V1ResourceRequirements? Resources(ResourceOptions options)
    {
        var limits = Quantities(options.CpuLimit, options.MemoryLimit);
        var requests = Quantities(options.CpuRequest, options.MemoryRequest);
        return limits is null && requests is null ? null : new V1ResourceRequirements { Limits = limits, Requests = requests };
    }

    private static Dictionary<string, ResourceQuantity>? Quantities(string? cpu, string? memory)
    {
        var result = new Dictionary<string, ResourceQuantity>();
        if (cpu is not null)
        {
            result["cpu"] = new ResourceQuantity(cpu);
        }

        if (memory is not null)
        {
            result["memory"] = new ResourceQuantity(memory);
        }

        return result.Count > 0 ? result : null;
    }

    private static List<V1LocalObjectReference>? PullSecrets(JobPlan plan)
    {
        List<V1LocalObjectReference> secrets = [.. plan.Options.ImagePullSecrets.Select(name => new V1LocalObjectReference { Name = name })];
        if (plan.Logins.Count > 0)
        {
            secrets.Add(new V1LocalObjectReference { Name = PodName.PullSecret(plan.Pod.Name) });
        }

        return secrets.Count > 0 ? secrets : null;
    }

    private static List<V1HostAlias>? HostAliases(JobPlan plan)
    {
        List<V1HostAlias> aliases = [.. plan.Options.HostAliases.Select(a => new V1HostAlias { Ip = a.Ip, Hostnames = [.. a.Hostnames] })];
        var services = plan.Services.SelectMany(s => s.Hostnames).Distinct().ToList();
        if (services.Count > 0)
        {
            aliases.Insert(0, new V1HostAlias { Ip = "127.0.0.1", Hostnames = services });
        }

        return aliases.Count > 0 ? aliases : null;
    }

    private static List<V1Volume> Volumes(JobPlan plan)
    {
        string[] own =
        [
            PodLayout.ToolsVolume, PodLayout.StateVolume(Stage.HelperContainer), PodLayout.StateVolume(Stage.BuildContainer), "repo", "cache",
        ];
        return
        [
            .. own.Select(name => new V1Volume { Name = name, EmptyDir = new V1EmptyDirVolumeSource() }),
            .. plan.Options.Volumes.Select(PodVolumes.Volume),
        ];
    }

    private static IEnumerable<V1VolumeMount> JobMounts(JobPlan plan) =>
    [
        Mount("repo", PodLayout.BuildsDirectory),
        Mount("cache", PodLayout.CacheDirectory),
        .. plan.Options.Volumes.Select(PodVolumes.Mount),
    ];

    private static V1VolumeMount Mount(string volume, string path, bool readOnly = false) =>
        new() { Name = volume, MountPath = path, ReadOnlyProperty = readOnly ? true : null };
}
