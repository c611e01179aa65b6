using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job;

/// <summary>The operator's volumes for one job: variables expanded, names checked.</summary>
internal static class VolumePlans
{
    public static IReadOnlyList<VolumeOptions> Of(IReadOnlyList<VolumeOptions> volumes, JobVariables variables, Decision decision) =>
        [.. volumes.Select(v => One(v, variables, decision))];

    private static VolumeOptions One(VolumeOptions volume, JobVariables variables, Decision decision)
    {
        var name = variables.Expand(volume.Name);
        if (!KubernetesNames.IsLabel(name))
        {
            decision.Refuse(
                $"\"{name}\" is no name of a volume",
                name == volume.Name ? "the runner's kubernetes.volumes" : $"the runner's kubernetes.volumes has \"{volume.Name}\", and the job's variables make this of it",
                "A name has at most 63 lower-case letters, digits and dashes.");
        }

        var hostPath = volume.HostPath is null ? null : variables.Expand(volume.HostPath);
        if (hostPath != volume.HostPath && HostSockets.Covers(hostPath!))
        {
            decision.Refuse(
                $"The volume {name} would give the job a socket of the node ({hostPath})", $"the runner's kubernetes.volumes has \"{volume.HostPath}\", and the job's variables make this of it", "Change the variable.");
        }

        return volume with
        {
            Name = name,
            MountPath = variables.Expand(volume.MountPath),
            SubPath = volume.SubPath is null ? null : variables.Expand(volume.SubPath),
            HostPath = hostPath,
            ServerPath = volume.ServerPath is null ? null : variables.Expand(volume.ServerPath),
            Image = volume.Image is null ? null : variables.Expand(volume.Image),
        };
    }
}
