using k8s.Models;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>
/// Writes a plan down as a pod. Pure. The order of the containers is part of the design: the kubelet starts them one after
/// the other, the helper first with a postStart hook that puts the agent onto the tools volume; so no init container is needed
/// (an init container costs a second). The build container comes last: when it runs, all do.
/// </summary>
internal static class PodSpec
{
    /// <param name="sidecars">The server has native sidecars, and the services are to be some.</param>
    public static V1Pod Of(JobPlan plan, bool sidecars = false)
    {
        var services = plan.Services.Select((service, index) => Service(plan, service, index, sidecars)).ToList();
        return new V1Pod
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
            Spec = PodScheduling.Placed(plan, new V1PodSpec
            {
                RestartPolicy = "Never",
                ActiveDeadlineSeconds = (long)plan.Deadline.TotalSeconds,
                TerminationGracePeriodSeconds = (long)plan.Options.TerminationGrace.TotalSeconds,
                AutomountServiceAccountToken = plan.Options.AutomountServiceAccountToken,
                ServiceAccountName = plan.ServiceAccount,
                ImagePullSecrets = PullSecrets(plan),
                HostAliases = HostAliases(plan),
                DnsPolicy = DnsPolicy(plan.Options.DnsPolicy),
                DnsConfig = plan.Options.DnsConfig,
                SecurityContext = PodSecurity.OfPod(plan.Options.Security.Pod),
                HostUsers = plan.Options.Security.UserNamespaces ? false : null,
                Resources = PodResources.Of(plan.PodResources),
                InitContainers = sidecars && services.Count > 0 ? services : null,
                Containers = [Helper(plan), .. sidecars ? [] : services, Build(plan)],
                Volumes = Volumes(plan),
            }),
        };
    }

    private static V1Container Helper(JobPlan plan)
    {
        var security = plan.Options.Security;
        var container = Container(Stage.HelperContainer, plan.Helper, PodSecurity.OfHelper(security));
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
        var security = plan.Options.Security;
        var container = Container(Stage.BuildContainer, plan.Build, PodSecurity.OfContainer(security, security.Build, plan.Build.User, security.ReadOnlyRootFilesystem));
        container.Lifecycle = plan.Options.BuildLifecycle;
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

    private static V1Container Service(JobPlan plan, ServicePlan service, int index, bool sidecar)
    {
        var security = plan.Options.Security;
        var container = Container(service.Container, service.Image, PodSecurity.OfContainer(security, security.Service, service.Image.User, false));
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
        container.RestartPolicy = sidecar ? "Always" : null;
        return container;
    }

    private static V1Container Container(string name, ImagePlan image, V1SecurityContext security) => new()
    {
        Name = name,
        Image = image.Name,
        ImagePullPolicy = image.PullPolicy,
        Resources = PodResources.Of(image.Resources),
        SecurityContext = security,
    };

    /// <summary>The job's own logins always; the operator's unless the service account's are to count.</summary>
    private static List<V1LocalObjectReference>? PullSecrets(JobPlan plan)
    {
        List<V1LocalObjectReference> secrets = plan.Options.UseServiceAccountPullSecrets
            ? []
            : [.. plan.Options.ImagePullSecrets.Select(name => new V1LocalObjectReference { Name = name })];
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

    private static string? DnsPolicy(string? policy) => policy switch
    {
        "none" => "None",
        "default" => "Default",
        "cluster-first" => "ClusterFirst",
        "cluster-first-with-host-net" => "ClusterFirstWithHostNet",
        _ => null,
    };

    private static List<V1Volume> Volumes(JobPlan plan)
    {
        string[] own =
        [
            PodLayout.ToolsVolume, PodLayout.StateVolume(Stage.HelperContainer), PodLayout.StateVolume(Stage.BuildContainer),
            .. OwnMounts(plan).Select(m => m.Name),
        ];
        return
        [
            .. own.Select(name => new V1Volume { Name = name, EmptyDir = new V1EmptyDirVolumeSource() }),
            .. plan.Volumes.DistinctBy(v => v.Name).Select(PodVolumes.Volume),
        ];
    }

    private static IEnumerable<V1VolumeMount> JobMounts(JobPlan plan) => [.. OwnMounts(plan), .. plan.Volumes.Select(PodVolumes.Mount)];

    /// <summary>What the operator mounts there takes the place of ours.</summary>
    private static IEnumerable<V1VolumeMount> OwnMounts(JobPlan plan) =>
        new[] { Mount("repo", PodLayout.BuildsDirectory), Mount("cache", PodLayout.CacheDirectory) }
            .Where(m => !plan.Volumes.Any(v => v.MountPath.TrimEnd('/') == m.MountPath));

    private static V1VolumeMount Mount(string volume, string path, bool readOnly = false) =>
        new() { Name = volume, MountPath = path, ReadOnlyProperty = readOnly ? true : null };
}
