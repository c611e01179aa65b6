using PodExecutor.Driver.Pods;
using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>Requests and limits of each kind of container, and the caps of what a job may ask for.</summary>
internal static class ResourceKeys
{
    /// <summary>What keeps a node healthy when the operator says nothing: the scheduler must see that a job needs something.</summary>
    private static readonly ResourceOptions BuildDefaults = new(CpuRequest: "100m", MemoryRequest: "128Mi");
    private static readonly ResourceOptions HelperDefaults = new(CpuRequest: "20m", MemoryRequest: "64Mi");
    private static readonly ResourceOptions ServiceDefaults = new(CpuRequest: "50m", MemoryRequest: "64Mi");

    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options) => options with
    {
        BuildResources = Resources(read, "", "the build container", P0, P1, BuildDefaults),
        HelperResources = Resources(read, "helper_", "the helper container (git, cache, artifacts)", P1, P2, HelperDefaults),
        ServiceResources = Resources(read, "service_", "each service", P0, P2, ServiceDefaults),
        PodResources = Checked(read, "pod_", new ResourceOptions(
            Amount(read, "pod_cpu_limit", "CPU that all containers together may use. Needs Kubernetes 1.34.", P2),
            Amount(read, "pod_cpu_request", "CPU that the scheduler reserves for the pod as a whole. Needs Kubernetes 1.34.", P2),
            Amount(read, "pod_memory_limit", "Memory that all containers together may use. Needs Kubernetes 1.34.", P2),
            Amount(read, "pod_memory_request", "Memory that the scheduler reserves for the pod as a whole. Needs Kubernetes 1.34.", P2))),
        Overwrites = options.Overwrites with
        {
            Build = Caps(read, "", P0),
            Helper = Caps(read, "helper_", P1),
            Service = Caps(read, "service_", P0),
            Pod = new ResourceOptions(Cap(read, "pod_cpu_limit", P2), Cap(read, "pod_cpu_request", P2), Cap(read, "pod_memory_limit", P2), Cap(read, "pod_memory_request", P2)),
        },
    };

    private static ResourceOptions Resources(OptionsReader read, string prefix, string who, KeyMark mark, KeyMark storageMark, ResourceOptions defaults)
    {
        var cpu = Amount(read, prefix + "cpu_limit", $"CPU that {who} may use.", mark);
        var memory = Amount(read, prefix + "memory_limit", $"Memory that {who} may use; above it the kernel kills.", mark);
        return Checked(read, prefix, new ResourceOptions(
            cpu,
            Amount(read, prefix + "cpu_request", $"CPU that the scheduler reserves for {who}; the limit if there is one. \"\" reserves nothing.", mark, defaults.CpuRequest, cpu),
            memory,
            Amount(read, prefix + "memory_request", $"Memory that the scheduler reserves for {who}; the limit if there is one. \"\" reserves nothing.", mark, defaults.MemoryRequest, memory))
        {
            EphemeralStorageLimit = Amount(read, prefix + "ephemeral_storage_limit", $"Disk (root, emptyDir volumes, logs) that {who} may use; above it the pod is evicted.", storageMark),
            EphemeralStorageRequest = Amount(read, prefix + "ephemeral_storage_request", $"Disk that the scheduler reserves for {who}.", storageMark),
        });
    }

    /// <summary>A request above its limit would be refused by the API server, for every job.</summary>
    private static ResourceOptions Checked(OptionsReader read, string prefix, ResourceOptions resources)
    {
        foreach (var (name, request, limit) in new[]
        {
            ("cpu", resources.CpuRequest, resources.CpuLimit),
            ("memory", resources.MemoryRequest, resources.MemoryLimit),
            ("ephemeral_storage", resources.EphemeralStorageRequest, resources.EphemeralStorageLimit),
        })
        {
            if (!read.Source.Partial && request is not null && limit is not null && Quantities.Value(request) > Quantities.Value(limit))
            {
                read.Problem($"{prefix}{name}_request", $"\"{request}\" is above {prefix}{name}_limit, \"{limit}\"", "Lower the request, or raise the limit.");
            }
        }

        return resources;
    }

    /// <summary>Kubernetes takes the limit for the request where there is none: a default of ours must not go before that.</summary>
    private static string? Amount(OptionsReader read, string name, string meaning, KeyMark mark, string? fallback = null, string? limit = null)
    {
        var value = read.Key(name, mark, meaning, Variable(name)).Quantity(fallback);
        return limit is not null && !read.Has(name) ? null : value;
    }

    private static ResourceOptions Caps(OptionsReader read, string prefix, KeyMark mark) => new(
        Cap(read, prefix + "cpu_limit", mark), Cap(read, prefix + "cpu_request", mark), Cap(read, prefix + "memory_limit", mark), Cap(read, prefix + "memory_request", mark))
    {
        EphemeralStorageLimit = Cap(read, prefix + "ephemeral_storage_limit", mark),
        EphemeralStorageRequest = Cap(read, prefix + "ephemeral_storage_request", mark),
    };

    private static string? Cap(OptionsReader read, string name, KeyMark mark) =>
        read.Key(name + "_overwrite_max_allowed", mark, $"The most that a job may ask for by `{Variable(name)}`; empty: the variable counts for nothing.").Quantity();

    private static string Variable(string name) => "KUBERNETES_" + name.ToUpperInvariant();
}
