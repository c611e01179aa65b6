using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>The operator's volumes, in every container of the pod.</summary>
internal static class VolumeKeys
{
    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options)
    {
        var volumes = read.Table(
            "volumes",
            "Volumes in the build, helper and service containers. All texts may hold variables of the job. What is mounted on `/builds` or `/cache` takes the place of our own volume there; `/builds` is then shared by jobs, each in a directory of its concurrency.",
            Volumes);
        var allowed = read.Key("allowed_host_sockets", Own, "Names of `host_path` volumes that may be a container runtime's socket, or a directory with one. Such a socket is full control over the node.").Texts();
        foreach (var volume in volumes.Where(v => v.Kind == VolumeKind.HostPath && !read.Source.Partial && !allowed.Contains(v.Name) && HostSockets.Covers(v.HostPath ?? v.MountPath)))
        {
            read.Problem("volumes", $"the host_path volume \"{volume.Name}\" gives jobs a socket of the node ({volume.HostPath ?? volume.MountPath})", $"Remove it, or name it: allowed_host_sockets = [\"{volume.Name}\"].");
        }

        return options with { Volumes = volumes };
    }

    private static List<VolumeOptions> Volumes(OptionsReader read) =>
    [
        .. read.Tables("host_path", "A file or directory of the node.", r => Volume(VolumeKind.HostPath, P0, r) with
        {
            HostPath = r.Key("host_path", P0, "On the node; `mount_path` if not set.").Text(),
            ReadOnly = ReadOnly(r, P0),
            MountPropagation = Propagation(r, P0),
        }),
        .. read.Tables("secret", "A Secret of the namespace.", r => Volume(VolumeKind.Secret, P0, r) with { ReadOnly = ReadOnly(r, P0), Items = Items(r, P0) }),
        .. read.Tables("config_map", "A ConfigMap of the namespace.", r => Volume(VolumeKind.ConfigMap, P1, r) with { ReadOnly = ReadOnly(r, P1), Items = Items(r, P1) }),
        .. read.Tables("empty_dir", "An empty directory that goes with the pod.", r => Volume(VolumeKind.EmptyDir, P1, r) with
        {
            Medium = r.Key("medium", P1, "`Memory`: in RAM; it counts for the containers' memory.").Text(),
            SizeLimit = r.Key("size_limit", P1, "Above it the pod is evicted.").Quantity(),
            MountPropagation = Propagation(r, P1),
        }),
        .. read.Tables("pvc", "A PersistentVolumeClaim of the namespace, for example `build-pvc-$CI_CONCURRENT_ID`.", r => Volume(VolumeKind.Pvc, P1, r) with
        {
            ReadOnly = ReadOnly(r, P1),
            MountPropagation = Propagation(r, P1),
        }),
        .. read.Tables("csi", "An ephemeral volume of a CSI driver.", r => Volume(VolumeKind.Csi, P2, r) with
        {
            Driver = r.Key("driver", P2, "The driver's name.").Required(),
            FileSystem = r.Key("fs_type", P2, "Its file system; the driver's default if not set.").Text(),
            ReadOnly = ReadOnly(r, P2),
            Attributes = r.Key("volume_attributes", P2, "For the driver.").Map(),
        }),
        .. read.Tables("nfs", "A directory of an NFS server.", r => Volume(VolumeKind.Nfs, P2, r) with
        {
            Server = r.Key("server", P2, "Name or address.").Required(),
            ServerPath = r.Key("path", P2, "On the server.").Required(),
            ReadOnly = ReadOnly(r, P2),
        }),
        .. read.Tables("image", "The content of an image, read-only. Needs Kubernetes 1.35.", r => Volume(VolumeKind.Image, Own, r) with
        {
            Image = r.Key("image", Own, "The image.").Required(),
            PullPolicy = r.Key("pull_policy", Own, "When it is pulled.").Word("if-not-present", "always", "never"),
        }),
    ];

    private static VolumeOptions Volume(VolumeKind kind, KeyMark mark, OptionsReader read) => new(
        kind,
        read.Key("name", mark, kind is VolumeKind.Secret or VolumeKind.ConfigMap or VolumeKind.Pvc ? "The volume's name, and the name of what it holds." : "The volume's name.").Required(),
        read.Key("mount_path", mark, "Where it is in the containers.").Required())
    {
        SubPath = read.Key("sub_path", mark, "Only this path of the volume.").Text(),
    };

    private static bool ReadOnly(OptionsReader read, KeyMark mark) => read.Key("read_only", mark, "Mounted read-only.").Flag(false);

    private static string? Propagation(OptionsReader read, KeyMark mark) =>
        read.Key("mount_propagation", mark, "Whether mounts made later are seen.").Word("None", "HostToContainer", "Bidirectional");

    private static IReadOnlyDictionary<string, string> Items(OptionsReader read, KeyMark mark) =>
        read.Key("items", mark, "Key to file name; not set: all keys.").Map();
}
