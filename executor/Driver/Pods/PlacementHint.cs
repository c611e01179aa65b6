using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>Which settings may keep every node from taking a pod.</summary>
internal static class PlacementHint
{
    /// <summary>Null if no setting narrows the choice.</summary>
    public static string? For(JobPlan plan)
    {
        var resources = plan.Build.Resources;
        string?[] settings =
        [
            plan.Placement.NodeSelector.Count > 0 ? $"kubernetes.node_selector ({string.Join(", ", plan.Placement.NodeSelector.Select(s => $"{s.Key}={s.Value}"))})" : null,
            plan.Options.Scheduling.Affinity is not null ? "kubernetes.affinity" : null,
            (resources.CpuRequest ?? resources.CpuLimit) is { } cpu ? $"kubernetes.cpu_request ({cpu})" : null,
            (resources.MemoryRequest ?? resources.MemoryLimit) is { } memory ? $"kubernetes.memory_request ({memory})" : null,
        ];
        var named = settings.OfType<string>().ToList();
        return named.Count == 0 ? null : $"Look at {string.Join(", ", named)}; if a node is still to come, raise kubernetes.poll_timeout.";
    }
}
