using k8s.Models;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Pods;

/// <summary>The operator's volumes as Kubernetes spells them.</summary>
internal static class PodVolumes
{
    public static V1Volume Volume(VolumeOptions volume) => volume.Kind switch
    {
        VolumeKind.Secret => new V1Volume { Name = volume.Name, Secret = new V1SecretVolumeSource { SecretName = volume.Name, Items = Items(volume) } },
        VolumeKind.ConfigMap => new V1Volume { Name = volume.Name, ConfigMap = new V1ConfigMapVolumeSource { Name = volume.Name, Items = Items(volume) } },
        VolumeKind.HostPath => new V1Volume { Name = volume.Name, HostPath = new V1HostPathVolumeSource { Path = volume.HostPath ?? volume.MountPath } },
        VolumeKind.Pvc => new V1Volume
        {
            Name = volume.Name,
            PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = volume.Name, ReadOnlyProperty = volume.ReadOnly ? true : null },
        },
        VolumeKind.Csi => new V1Volume
        {
            Name = volume.Name,
            Csi = new V1CSIVolumeSource
            {
                Driver = volume.Driver,
                FsType = volume.FileSystem,
                ReadOnlyProperty = volume.ReadOnly ? true : null,
                VolumeAttributes = volume.Attributes.Count > 0 ? volume.Attributes.ToDictionary() : null,
            },
        },
        VolumeKind.Nfs => new V1Volume
        {
            Name = volume.Name,
            Nfs = new V1NFSVolumeSource { Server = volume.Server, Path = volume.ServerPath, ReadOnlyProperty = volume.ReadOnly ? true : null },
        },
        VolumeKind.Image => new V1Volume
        {
            Name = volume.Name,
            Image = new V1ImageVolumeSource { Reference = volume.Image, PullPolicy = PullPolicies.ToKubernetes(volume.PullPolicy) },
        },
        _ => new V1Volume
        {
            Name = volume.Name,
            EmptyDir = new V1EmptyDirVolumeSource { Medium = volume.Medium, SizeLimit = volume.SizeLimit is null ? null : new ResourceQuantity(volume.SizeLimit) },
        },
    };

    public static V1VolumeMount Mount(VolumeOptions volume) => new()
    {
        Name = volume.Name,
        MountPath = volume.MountPath,
        SubPath = volume.SubPath is { Length: > 0 } path ? path : null,
        ReadOnlyProperty = volume.ReadOnly ? true : null,
        MountPropagation = volume.MountPropagation,
    };

    private static List<V1KeyToPath>? Items(VolumeOptions volume) =>
        volume.Items.Count == 0 ? null : [.. volume.Items.Select(i => new V1KeyToPath { Key = i.Key, Path = i.Value })];
}
