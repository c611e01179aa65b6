using k8s.Models;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>Where a pod may run, as Kubernetes spells it.</summary>
internal static class PodScheduling
{
    public static V1PodSpec Placed(JobPlan plan, V1PodSpec spec)
    {
        var options = plan.Options.Scheduling;
        spec.NodeSelector = plan.Placement.NodeSelector.Count > 0 ? plan.Placement.NodeSelector.ToDictionary() : null;
        spec.Tolerations = plan.Placement.Tolerations.Count > 0 ? [.. plan.Placement.Tolerations.Select(Toleration)] : null;
        spec.Affinity = options.Affinity;
        spec.PriorityClassName = options.PriorityClass;
        spec.SchedulerName = options.Scheduler;
        spec.RuntimeClassName = options.RuntimeClass;
        return spec;
    }

    private static V1Toleration Toleration(TolerationPlan plan) => new()
    {
        Key = plan.Key,
        OperatorProperty = plan.Value is null ? "Exists" : "Equal",
        Value = plan.Value,
        Effect = plan.Effect,
    };
}
