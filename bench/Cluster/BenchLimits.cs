using k8s.Models;

namespace PodExecutor.Bench.Cluster;

/// <summary>Limits of the two containers, the same for our pods and for the bare ones. Null: none.</summary>
/// <param name="Name">What a figure's name ends with.</param>
internal sealed record BenchLimits(
    string Name, string? BuildCpu = null, string? BuildMemory = null, string? HelperCpu = null, string? HelperMemory = null)
{
    public static BenchLimits None { get; } = new("");

    /// <summary>As people set them.</summary>
    public static BenchLimits Small { get; } = new("_limits", "500m", "256Mi", "200m", "128Mi");

    /// <summary>One processor, which makes .NET's thread pool start with one thread.</summary>
    public static BenchLimits OneProcessor { get; } = new("_one_processor", BuildCpu: "1", HelperCpu: "1");

    /// <summary>Keys of the options file's [kubernetes] table.</summary>
    public string Toml => string.Join('\n', new[]
        {
            ("cpu_limit", BuildCpu), ("memory_limit", BuildMemory), ("helper_cpu_limit", HelperCpu), ("helper_memory_limit", HelperMemory),
        }.Where(key => key.Item2 is not null).Select(key => $"{key.Item1} = \"{key.Item2}\""));

    public V1ResourceRequirements? Helper => Of(HelperCpu, HelperMemory);

    public V1ResourceRequirements? Build => Of(BuildCpu, BuildMemory);

    private static V1ResourceRequirements? Of(string? cpu, string? memory)
    {
        var limits = new Dictionary<string, ResourceQuantity>();
        foreach (var (name, value) in new[] { ("cpu", cpu), ("memory", memory) }.Where(l => l.Item2 is not null))
        {
            limits[name] = new ResourceQuantity(value);
        }

        // Small requests, as our driver makes them: ten pods must find place on the node.
        var requests = limits.Keys.ToDictionary(name => name, name => new ResourceQuantity(name == "cpu" ? "20m" : "64Mi"));
        return limits.Count == 0 ? null : new V1ResourceRequirements { Limits = limits, Requests = requests };
    }
}
