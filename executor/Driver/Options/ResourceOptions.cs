namespace PodExecutor.Driver.Options;

/// <summary>Requests and limits, as Kubernetes quantities, of one kind of container; null leaves it to the cluster. Also the caps of a job's wishes.</summary>
internal sealed record ResourceOptions(string? CpuLimit = null, string? CpuRequest = null, string? MemoryLimit = null, string? MemoryRequest = null)
{
    public string? EphemeralStorageLimit { get; init; }

    public string? EphemeralStorageRequest { get; init; }

    public bool IsEmpty => this == new ResourceOptions();
}
