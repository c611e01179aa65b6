namespace PodExecutor.Driver.Options;

internal enum VolumeKind
{
    Secret,
    ConfigMap,
    HostPath,
    EmptyDir,
    Pvc,
    Csi,
    Nfs,
    Image,
}

/// <summary>A volume in every container of the job. Texts may hold variables of the job.</summary>
internal sealed record VolumeOptions(VolumeKind Kind, string Name, string MountPath)
{
    public string? SubPath { get; init; }

    public bool ReadOnly { get; init; }

    public string? MountPropagation { get; init; }

    public string? HostPath { get; init; }

    public string? Medium { get; init; }

    public string? SizeLimit { get; init; }

    /// <summary>For secrets and config maps: key to file name; empty mounts all.</summary>
    public IReadOnlyDictionary<string, string> Items { get; init; } = new Dictionary<string, string>();

    /// <summary>Of the CSI driver.</summary>
    public string? Driver { get; init; }

    public string? FileSystem { get; init; }

    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    /// <summary>Of the NFS server.</summary>
    public string? Server { get; init; }

    public string? ServerPath { get; init; }

    public string? Image { get; init; }

    public string? PullPolicy { get; init; }
}
