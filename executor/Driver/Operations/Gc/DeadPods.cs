using k8s.Models;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Operations.Gc;

/// <summary>
/// Which of the jobs' objects no job can own any more. Pure. A pod's activeDeadlineSeconds is the job's timeout and a minute,
/// and it begins after the job did: beyond it no runner works with the pod. The kubelet ends such pods itself, but not those
/// that no node ever took, nor those whose node is gone; and it never deletes any.
/// </summary>
internal static class DeadPods
{
    /// <param name="now">By the API server's clock.</param>
    public static SweepVerdict Judge(V1Pod pod, GcRequest request, DateTimeOffset now)
    {
        var created = Time(pod.Metadata.CreationTimestamp) ?? now;
        if (Time(pod.Metadata.DeletionTimestamp) is { } deletion)
        {
            return new SweepVerdict(false, now - deletion > request.Grace
                ? $"it is being deleted for {Age(now - deletion)} already: its node {pod.Spec.NodeName} does not answer"
                : "it is being deleted");
        }

        if (pod.Status?.Phase is "Succeeded" or "Failed")
        {
            var ended = Ended(pod) ?? created;
            return new SweepVerdict(now - ended > request.Grace, $"it ended {Age(now - ended)} ago ({pod.Status.Reason ?? pod.Status.Phase})");
        }

        if (request.OlderThan is { } most && now - created > most)
        {
            return new SweepVerdict(true, $"it is {Age(now - created)} old");
        }

        if (pod.Spec.ActiveDeadlineSeconds is not { } seconds)
        {
            return new SweepVerdict(false, "it has no deadline");
        }

        // An unscheduled pod has not started for the kubelet; its job began when it was created.
        var deadline = (Time(pod.Status?.StartTime) ?? created) + TimeSpan.FromSeconds(seconds);
        return now - deadline > request.Grace
            ? new SweepVerdict(true, $"its deadline passed {Age(now - deadline)} ago, and it is {pod.Status?.Phase ?? "Pending"}")
            : new SweepVerdict(false, $"its job may run for another {Age(deadline - now)}");
    }

    /// <summary>True for a namespace that was made for a job. One that only bears our label may be somebody's: it is never swept.</summary>
    public static bool IsOfAJob(V1ObjectMeta ns) =>
        ns.Name.StartsWith(PodName.OwnNamespacePrefix, StringComparison.Ordinal) && ns.Labels?.ContainsKey(PodMetadata.PodLabel) == true;

    /// <summary>What belongs to a pod: dead when the pod is not there, and was not just about to be made.</summary>
    public static SweepVerdict JudgeBelonging(V1ObjectMeta metadata, bool podIsThere, GcRequest request, DateTimeOffset now)
    {
        var age = now - (Time(metadata.CreationTimestamp) ?? now);
        return metadata.DeletionTimestamp is not null ? new SweepVerdict(false, "it is being deleted")
            : podIsThere ? new SweepVerdict(false, "its pod is there")
            : age > request.Grace ? new SweepVerdict(true, $"its pod is not there, and it is {Age(age)} old")
            : new SweepVerdict(false, "its pod may be just about to be made");
    }

    /// <summary>"2 h 5 min", "40 s".</summary>
    public static string Age(TimeSpan age) => age switch
    {
        { TotalDays: >= 2 } => $"{age.TotalDays:0} days",
        { TotalHours: >= 1 } => age.Minutes > 0 ? $"{(int)age.TotalHours} h {age.Minutes} min" : $"{(int)age.TotalHours} h",
        { TotalMinutes: >= 1 } => $"{(int)age.TotalMinutes} min",
        _ => $"{Math.Max(0, (int)age.TotalSeconds)} s",
    };

    private static DateTimeOffset? Ended(V1Pod pod) => pod.Status.ContainerStatuses?
        .Select(s => Time(s.State?.Terminated?.FinishedAt)).Where(t => t is not null).Max();

    /// <summary>Kubernetes' times are UTC.</summary>
    private static DateTimeOffset? Time(DateTime? time) =>
        time is { } given ? new DateTimeOffset(DateTime.SpecifyKind(given.ToUniversalTime(), DateTimeKind.Utc)) : null;
}
