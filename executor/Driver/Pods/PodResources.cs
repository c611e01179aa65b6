using k8s.Models;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Pods;

/// <summary>Requests and limits as Kubernetes spells them.</summary>
internal static class PodResources
{
    /// <returns>Null if there are none.</returns>
    public static V1ResourceRequirements? Of(ResourceOptions options)
    {
        var limits = Amounts(options.CpuLimit, options.MemoryLimit, options.EphemeralStorageLimit);
        var requests = Amounts(options.CpuRequest, options.MemoryRequest, options.EphemeralStorageRequest);
        return limits is null && requests is null ? null : new V1ResourceRequirements { Limits = limits, Requests = requests };
    }

    private static Dictionary<string, ResourceQuantity>? Amounts(string? cpu, string? memory, string? storage)
    {
        var result = new (string Name, string? Amount)[] { ("cpu", cpu), ("memory", memory), ("ephemeral-storage", storage) }
            .Where(r => r.Amount is not null)
            .ToDictionary(r => r.Name, r => new ResourceQuantity(r.Amount!));
        return result.Count > 0 ? result : null;
    }
}
