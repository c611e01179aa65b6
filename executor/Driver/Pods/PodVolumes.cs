using k8s.Models;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Pods;

/// <summary>The operator's volumes as Kubernetes spells them.</summary>
internal static class PodVolumes
{
    public static V1Volume Volume(VolumeOptions volume)
    {
        var result = new V1Volume { Name = volume.Name };
        switch (volume.Kind)
        {
            case VolumeKind.Secret:
                result.Secret = new V1SecretVolumeSource { SecretName = volume.Name, Items = Items(volume) };
                break;
            case VolumeKind.ConfigMap:
                result.ConfigMap = new V1ConfigMapVolumeSource { Name = volume.Name, Items = Items(volume) };
                break;
            case VolumeKind.HostPath:
                result.HostPath = new V1HostPathVolumeSource { Path = volume.HostPath ?? volume.MountPath };
                break;
            default:
                result.EmptyDir = new V1EmptyDirVolumeSource
                {
                    Medium = volume.Medium,
                    SizeLimit = volume.SizeLimit is null ? null : new ResourceQuantity(volume.SizeLimit),
                };
                break;
        }

        return result;
    }

    public static V1VolumeMount Mount(VolumeOptions volume) => new()
    {
        Name = volume.Name,
        MountPath = volume.MountPath,
        SubPath = volume.SubPath,
        ReadOnlyProperty = volume.ReadOnly ? true : null,
    };

    private static List<V1KeyToPath>? Items(VolumeOptions volume) =>
        volume.Items.Count == 0 ? null : [.. volume.Items.Select(i => new V1KeyToPath { Key = i.Key, Path = i.Value })];
}
