using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>How long things may take, and what is told meanwhile.</summary>
internal static class TimeKeys
{
    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options)
    {
        var cleanup = read.Key("cleanup_grace_period_seconds", P1, "Between TERM and KILL of the pod's containers after the job.").Seconds(5, 0, 3_600);
        return options with
        {
            PollTimeout = read.Key("poll_timeout", P1, "From the pod's creation until its containers run, image pulls included.").Seconds(180, 1, 86_400),
            RetryBudget = read.Key("retry_budget", Own, "How long cluster or network may be away before the job fails.").Seconds(120, 0, 3_600),
            StopGrace = read.Key("stop_grace_period", Own, "Between TERM and KILL of a stopped stage's processes.").Seconds(10, 0, 3_600),
            CleanupGrace = cleanup,
            TerminationGrace = read.Key("pod_termination_grace_period_seconds", P1, "Between TERM and KILL when somebody else ends the pod. Not set: as after the job.").OptionalSeconds(0, 86_400) ?? cleanup,
            CleanupTimeout = read.Key("cleanup_resources_timeout", P1, "For deleting what the job left; what is not deleted by then dies by its own deadline.").Seconds(300, 1, 3_600),
            RequestTimeout = read.Key("request_timeout", Own, "One API request, streams aside.").Seconds(30, 1, 600),
            PrintPodWarningEvents = read.Key("print_pod_warning_events", P1, "Show Warning events of the pod in the job log.").Flag(true),
        };
    }
}
