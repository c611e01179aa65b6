using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Rights;

/// <summary>
/// Every right that pod-executor uses in a cluster, once. What doctor asks about, what `pod-executor rbac` prints and the
/// table in docs/doctor.md are made of it; tests hold it against what jobs really request.
/// </summary>
internal static class ClusterRights
{
    public static IReadOnlyList<ClusterRight> All { get; } =
    [
        new(RightUse.Job, "", "pods", ["create", "get", "watch", "delete"], "the job's pod"),
        new(RightUse.Job, "", "pods/exec", ["get"], "the first contact with a container's agent"),
        new(RightUse.Job, "", "pods/exec", ["create"], "the same, from Kubernetes 1.35 on")
        {
            WithoutIt = "no script runs once the cluster is at 1.35",
        },
        new(RightUse.Job, "", "pods/portforward", ["get"], "scripts")
        {
            WithoutIt = "each stage uses an exec, which costs the node ten times as much",
        },
        new(RightUse.Job, "", "pods/portforward", ["create"], "scripts, from Kubernetes 1.35 on")
        {
            WithoutIt = "each stage uses an exec once the cluster is at 1.35",
        },
        new(RightUse.Job, "", "secrets", ["create", "patch", "delete", "deletecollection"], "registry logins and services' variables"),
        new(RightUse.Job, "", "events", ["watch"], "why a pod does not start")
        {
            WithoutIt = "job logs do not tell what a pod waits for",
        },
        new(RightUse.Job, "", "pods/log", ["get"], "the last lines of a service that does not start, and CI_DEBUG_SERVICES")
        {
            WithoutIt = "job logs do not show what services print",
        },
        new(RightUse.Job, "policy", "poddisruptionbudgets", ["create"], "a budget for each pod")
        {
            Setting = "pod_disruption_budget",
            Applies = o => o.Scheduling.DisruptionBudget,
        },
        new(RightUse.Job, "", "namespaces", ["create", "delete"], "a namespace for each job")
        {
            Setting = "namespace_per_job",
            Applies = o => o.NamespacePerJob,
            IsClusterWide = true,
        },
        new(RightUse.Job, "", "serviceaccounts", ["watch"], "waiting for a new namespace to be usable")
        {
            Setting = "namespace_per_job",
            Applies = o => o.NamespacePerJob,
            IsClusterWide = true,
        },
        new(RightUse.Gc, "", "pods", ["list", "delete"], "sweeping pods of dead jobs"),
        new(RightUse.Gc, "", "secrets", ["list", "delete"], "sweeping Secrets of dead jobs")
        {
            WithoutIt = "Secrets whose pod never came into being stay",
        },
        new(RightUse.Gc, "", "namespaces", ["list", "delete"], "sweeping namespaces of dead jobs")
        {
            Setting = "namespace_per_job",
            Applies = o => o.NamespacePerJob,
            IsClusterWide = true,
        },
        new(RightUse.Doctor, "", "resourcequotas", ["list"], "whether a job fits into the quota") { WithoutIt = "quotas are not looked at" },
        new(RightUse.Doctor, "", "limitranges", ["list"], "whether a job fits the limit ranges") { WithoutIt = "limit ranges are not looked at" },
        new(RightUse.Doctor, "", "serviceaccounts", ["get"], "whether the job's service account exists") { WithoutIt = "service accounts are not looked at" },
    ];

    /// <summary>What these options ask for. With a namespace for each job, nobody knows the namespaces beforehand: all is cluster-wide.</summary>
    /// <param name="options">Null: what no setting asks for.</param>
    public static IReadOnlyList<ClusterRight> For(IReadOnlyCollection<RightUse> uses, KubernetesOptions? options) =>
    [
        .. All.Where(r => uses.Contains(r.Use) && (options is null ? r.Setting is null : r.Applies(options)))
            .Select(r => options?.NamespacePerJob == true ? r with { IsClusterWide = true } : r),
    ];
}
