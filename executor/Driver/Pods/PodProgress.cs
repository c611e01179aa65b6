using PodExecutor.Driver.Output;

namespace PodExecutor.Driver.Pods;

/// <summary>Tells the job log what a starting pod waits for, each thing once.</summary>
internal sealed class PodProgress(JobLog log, bool showWarnings)
{
    private static readonly string[] Told = ["Scheduled", "Pulling", "Pulled", "FailedScheduling", "TriggeredScaleUp", "NotTriggerScaleUp", "Preempted"];

    private readonly HashSet<string> _said = [];
    private string _waiting = "";

    public void Event(PodEvent item)
    {
        // "Pulled" without a pull ("already present on machine") is no news to anybody.
        var worthwhile = item.IsWarning || (Array.IndexOf(Told, item.Reason) >= 0 && !item.Message.Contains("already present", StringComparison.Ordinal));
        var text = item.Container.Length > 0 ? $"{item.Message} ({item.Container})" : item.Message;
        if (!worthwhile || (item.IsWarning && !showWarnings) || !_said.Add(item.Reason + text))
        {
            return;
        }

        if (item.IsWarning)
        {
            log.Warning($"{item.Reason}: {text}");
        }
        else
        {
            log.Line(text);
        }
    }

    public void Waiting(string reason)
    {
        if (reason.Length > 0 && reason != _waiting && reason is not ("the containers" or "a node for the pod"))
        {
            log.Line($"Waiting: {reason}");
        }

        _waiting = reason;
    }
}
