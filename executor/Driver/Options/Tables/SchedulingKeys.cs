using k8s.Models;
using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>On which nodes, and how pods get there.</summary>
internal static class SchedulingKeys
{
    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options) => options with
    {
        NodeSelector = read.Key("node_selector", P1, "Labels that the node must have. Values may hold variables of the job.", "KUBERNETES_NODE_SELECTOR_*").Map(),
        NodeTolerations = read.Key("node_tolerations", P1, "Taints that the pod bears: `\"key=value\" = \"NoSchedule\"`; no value: any, no effect: all.", "KUBERNETES_NODE_TOLERATIONS_*").Map(),
        Scheduling = new SchedulingOptions
        {
            Affinity = read.Key("affinity", P2, "`node_affinity`, `pod_affinity`, `pod_anti_affinity` as in the Kubernetes API.").ApiObject<V1Affinity>(),
            PriorityClass = read.Key("priority_class_name", P2, "Priority class of the pods.").Text(),
            Scheduler = read.Key("scheduler_name", P2, "Another scheduler.").Text(),
            RuntimeClass = read.Key("runtime_class_name", P2, "Another runtime, for example gVisor or Kata.").Text(),
            DisruptionBudget = read.Key("pod_disruption_budget", P2, "A PodDisruptionBudget for each pod: a drain of the node waits for the job.").Flag(false),
        },
        Overwrites = options.Overwrites with
        {
            NodeSelector = read.Key("node_selector_overwrite_allowed", P1, "Regular expression of the `key=value` that a job may ask for; empty: none.").Pattern(),
            NodeTolerations = read.Key("node_tolerations_overwrite_allowed", P1, "Regular expression of the `key=value:Effect` that a job may ask for; empty: none.").Pattern(),
        },
    };
}
