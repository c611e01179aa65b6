using PodExecutor.Driver.Failures;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>What the agent's refusals mean to a person. Pure.</summary>
internal static class LinkFailures
{
    public static Failure RunLost { get; } = new(
        FailureKind.System,
        "The agent in the pod has lost the running script",
        "its container was restarted while the job ran",
        "Look at the pod's events; the runner may try the job again.");

    public static Failure Of(Refused refused) => refused.Reason switch
    {
        Refused.Types.Reason.NoShell => new Failure(
            FailureKind.Job, "The job's image has no shell to run the script", refused.Detail, "Use an image with bash or sh."),
        Refused.Types.Reason.ProtocolVersion => new Failure(
            FailureKind.System,
            "pod-executor and the helper image are of different versions",
            refused.Detail,
            "Set kubernetes.helper_image to the image of this version of pod-executor."),
        Refused.Types.Reason.KeyTaken => new Failure(
            FailureKind.System,
            "The agent in the pod belongs to another driver",
            refused.Detail,
            "Another process reached the pod before this job did: check who has the right to exec in the job's namespace."),
        _ => new Failure(FailureKind.System, "The agent in the pod rejected the script", refused.Detail, "Look at the logs of the pod's containers."),
    };
}
