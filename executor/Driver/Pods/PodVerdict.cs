using k8s.Models;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

internal enum PodState
{
    Waiting,
    Ready,
    Failed,
}

/// <summary>What a pod's status means for its job.</summary>
/// <param name="Waiting">What is being waited for, for the log.</param>
/// <param name="Failure">Why it failed.</param>
/// <param name="Grace">How long the failure must last before it counts: some pass by themselves.</param>
internal sealed record Verdict(PodState State, string Waiting = "", Failure? Failure = null, TimeSpan Grace = default)
{
    /// <summary>The container whose image could not be pulled: another pull policy may help.</summary>
    public string? NotPulled { get; init; }
}

/// <summary>Judges a pod that is being started, or that a link was lost to. Pure, and a table wherever Kubernetes has one.</summary>
internal static class PodVerdict
{
    /// <summary>How the text of what is waited for begins when no node takes the pod.</summary>
    public const string NoNode = "no node for the pod";

    private const FailureKind Job = FailureKind.Job;
    private const FailureKind Infrastructure = FailureKind.System;

    /// <summary>
    /// Reasons of a waiting container that do not pass, or seldom. Source: kubernetes pkg/kubelet/images/types.go,
    /// pkg/kubelet/container/sync_result.go and pkg/kubelet/kuberuntime (v1.20 to v1.34).
    /// </summary>
    private static readonly Dictionary<string, (FailureKind Kind, int GraceSeconds, string What, string Hint)> WaitingReasons = new()
    {
        ["InvalidImageName"] = (Job, 0, "The image name {0} is not valid", "Correct the name in the pipeline."),
        ["ErrImageNeverPull"] = (Job, 0, "The image {0} is not on the node, and the pull policy is never", "Use pull_policy: if-not-present, or load the image onto the nodes."),
        ["ImageInspectError"] = (Infrastructure, 20, "The image {0} on the node cannot be read", "Look at the node's container runtime."),
        ["CreateContainerConfigError"] = (Infrastructure, 20, "The container of image {0} cannot be configured", "Check the volumes, secrets and security settings of the executor's options."),
        ["CreateContainerError"] = (Infrastructure, 30, "The container of image {0} cannot be created", "Look at the node's container runtime."),
        ["RunContainerError"] = (Infrastructure, 10, "The container of image {0} cannot be started", "Look at the node's container runtime."),
        ["PostStartHookError"] = (Infrastructure, 0, "The agent could not be put into the pod", "Check that kubernetes.helper_image is pod-executor's helper image."),
    };

    /// <param name="started">Containers that an event has reported as started: seconds before the status says so.</param>
    public static Verdict Of(V1Pod pod, IReadOnlySet<string> started)
    {
        if (pod.Status?.Phase is "Failed" or "Succeeded")
        {
            return Failed(Ended(pod));
        }

        if (pod.Metadata.DeletionTimestamp is not null)
        {
            return Failed(new Failure(Infrastructure, $"Pod {pod.Metadata.Name} is being deleted", pod.Status?.Message, "Somebody or something (a drain, a cleaner, a quota) deleted it."));
        }

        // The helper first: without its agent on the tools volume the build container ends at once, which is only a consequence.
        var statuses = Statuses(pod);
        foreach (var status in statuses.OrderBy(s => s.Name != Stage.HelperContainer))
        {
            if (Trouble(pod, status) is { } verdict)
            {
                return verdict;
            }
        }

        var running = statuses.Where(s => s.State?.Running is not null || s.State?.Terminated is not null).Select(s => s.Name).Concat(started).ToHashSet();
        return Containers(pod).All(c => running.Contains(c.Name)) ? new Verdict(PodState.Ready) : new Verdict(PodState.Waiting, WaitingFor(pod));
    }

    /// <summary>Why a pod or one of its containers is over; the agent of that container does not answer any more.</summary>
    public static Failure? Over(V1Pod pod, string container)
    {
        var status = Statuses(pod).FirstOrDefault(s => s.Name == container);
        if (status?.State?.Terminated is { } terminated && pod.Status?.Reason is null or "")
        {
            return Terminated(pod, container, terminated);
        }

        if (pod.Status?.Phase is "Failed" or "Succeeded")
        {
            return Ended(pod);
        }

        return pod.Metadata.DeletionTimestamp is null ? null : new Failure(
            Infrastructure, $"Pod {pod.Metadata.Name} was deleted while the job ran", Disruption(pod) ?? pod.Status?.Message,
            "Somebody or something (a drain, a cleaner, a preemption) deleted it; the runner may try the job again.");
    }

    /// <summary>Services that are native sidecars stand among the init containers.</summary>
    public static IReadOnlyList<V1ContainerStatus> Statuses(V1Pod pod) => [.. pod.Status?.InitContainerStatuses ?? [], .. pod.Status?.ContainerStatuses ?? []];

    private static IEnumerable<V1Container> Containers(V1Pod pod) => [.. pod.Spec.InitContainers ?? [], .. pod.Spec.Containers];

    private static Verdict? Trouble(V1Pod pod, V1ContainerStatus status)
    {
        var image = Containers(pod).FirstOrDefault(c => c.Name == status.Name)?.Image ?? status.Image;
        if (status.State?.Terminated is { } terminated && status.Name is Stage.BuildContainer or Stage.HelperContainer)
        {
            return Failed(Terminated(pod, status.Name, terminated));
        }

        if (status.State?.Waiting is not { Reason: { Length: > 0 } reason } waiting)
        {
            return null;
        }

        if (reason is "ErrImagePull" or "ImagePullBackOff" or "RegistryUnavailable")
        {
            return PullTrouble(pod, status.Name, image, waiting.Message ?? "");
        }

        return WaitingReasons.TryGetValue(reason, out var row)
            ? Failed(new Failure(row.Kind, string.Format(null, row.What, image), $"{reason}: {waiting.Message}", row.Hint), row.GraceSeconds)
                with
            { NotPulled = reason == "ErrImageNeverPull" ? status.Name : null }
            : null;
    }

    /// <summary>The helper's image is the operator's. While it is pulled anew the build container has ended for want of an agent, for good.</summary>
    private static Verdict PullTrouble(V1Pod pod, string container, string image, string message)
    {
        var isHelper = container == Stage.HelperContainer;
        var hint = ImagePullFailure.FinalHint(message);
        var buildEnded = isHelper && Statuses(pod).Any(s => s.Name == Stage.BuildContainer && s.State?.Terminated is not null);
        if (hint is null && !buildEnded)
        {
            return new Verdict(PodState.Waiting, $"pulling {image} fails: {message}") { NotPulled = container };
        }

        return Failed(new Failure(
            isHelper ? Infrastructure : Job,
            $"The image {image} of container {container} cannot be pulled",
            message,
            isHelper ? "Set kubernetes.helper_image to an image that the nodes can pull. " + hint : hint)) with
        { NotPulled = container };
    }

    private static Failure Terminated(V1Pod pod, string container, V1ContainerStateTerminated end)
    {
        var spec = Containers(pod).First(c => c.Name == container);
        var setting = container switch
        {
            Stage.BuildContainer => "memory_limit",
            Stage.HelperContainer => "helper_memory_limit",
            _ => "service_memory_limit",
        };
        if (end.Reason == "OOMKilled")
        {
            var limit = spec.Resources?.Limits?.TryGetValue("memory", out var value) == true ? value.ToString() : "none";
            return new Failure(
                container == Stage.BuildContainer ? Job : Infrastructure,
                $"The {container} container was killed for its memory: the kernel ended it as a whole",
                $"its memory limit is {limit}, and its peak reached it",
                $"Let the job use less memory, or raise kubernetes.{setting}.")
            { ScriptExitCode = end.ExitCode };
        }

        var byEntrypoint = container == Stage.BuildContainer && spec.Args is { Count: > 0 };
        return byEntrypoint
            ? new Failure(Job, $"The image's entrypoint ended (exit code {end.ExitCode}) instead of starting its command", end.Message, "Let it end in exec \"$@\", or write `entrypoint: [\"\"]`.")
            : new Failure(Infrastructure, $"The {container} container ended (exit code {end.ExitCode}, {end.Reason}) while it was needed", end.Message, "Look at the container's log and at the node.");
    }

    private static Failure Ended(V1Pod pod)
    {
        var reason = pod.Status.Reason;
        return reason switch
        {
            "DeadlineExceeded" => new Failure(Infrastructure, "The pod was ended by its own deadline, the job's timeout", pod.Status.Message, "The runner should have ended the job before: look at the runner's log."),
            "Evicted" => new Failure(Infrastructure, "The pod was evicted from its node", pod.Status.Message, "The node ran out of what the message names: set requests and limits so that the job fits."),
            null or "" => new Failure(Infrastructure, $"The pod ended ({pod.Status.Phase}) while it was needed", pod.Status.Message ?? Disruption(pod), "Look at the pod's events and at the node."),
            _ => new Failure(Infrastructure, $"The pod failed: {reason}", pod.Status.Message, "Look at the pod's events and at the node."),
        };
    }

    /// <summary>Kubernetes 1.26 and later say who took the pod away.</summary>
    private static string? Disruption(V1Pod pod) =>
        pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "DisruptionTarget" && c.Status == "True") is { } target
            ? $"{target.Reason}: {target.Message}"
            : null;

    private static string WaitingFor(V1Pod pod)
    {
        var scheduled = pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "PodScheduled");
        return scheduled is { Status: "False" } ? $"{NoNode}: {scheduled.Message}"
            : scheduled is null ? "a node for the pod"
            : "the containers";
    }

    private static Verdict Failed(Failure failure, int graceSeconds = 0) =>
        new(PodState.Failed, failure.What, failure, TimeSpan.FromSeconds(graceSeconds));
}
