using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pods;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>What a stage's end means. Pure.</summary>
internal static class StageVerdict
{
    private const int SignalBase = 128;

    /// <summary>Null if the stage succeeded.</summary>
    public static Failure? Of(Ended ended, Stage stage)
    {
        if (ended is { ExitCode: 0 })
        {
            return null;
        }

        var code = ended.Signal != 0 ? SignalBase + ended.Signal : ended.ExitCode;
        if (ended.Stopped)
        {
            return new Failure(FailureKind.Stopped, "The stage was stopped") { ScriptExitCode = code };
        }

        if (ended.BuilderAway.Length > 0 && !ended.OomKilled)
        {
            return NoBuilder(ended) with { ScriptExitCode = code };
        }

        return ended.OomKilled ? OutOfMemory(ended, stage) with { ScriptExitCode = code } : new Failure(FailureKind.Script, "") { ScriptExitCode = code };
    }

    /// <summary>Lines worth adding to a stage that succeeded or failed.</summary>
    public static IEnumerable<string> Remarks(Ended ended, Stage stage)
    {
        if (ended is { OomKilled: true, ExitCode: 0 })
        {
            yield return $"The kernel killed a process of the script for its memory ({Numbers(ended)}), but the script went on.";
        }

        if (stage.IsUserCode && ended.Leftovers.Count > 0 && !ended.Stopped)
        {
            yield return $"The script left processes running: {string.Join(", ", ended.Leftovers)}. They end with the job; their output is not shown.";
        }
    }

    private static Failure NoBuilder(Ended ended) => new(
        FailureKind.System,
        "The job's image build failed for want of a builder",
        ended.BuilderAway,
        "The job is not to blame: run it again, or let GitLab do so with retry: { when: runner_system_failure }. Operators: look at the builder's log; pod-executor doctor shows which builders are reached.");

    private static Failure OutOfMemory(Ended ended, Stage stage)
    {
        var setting = stage.IsUserCode ? "kubernetes.memory_limit" : "kubernetes.helper_memory_limit";
        return new Failure(
            stage.IsUserCode ? FailureKind.Job : FailureKind.System,
            "The kernel killed a process of the script for its memory (OOM)",
            Numbers(ended),
            $"Let the job use less memory, or raise {setting}.");
    }

    private static string Numbers(Ended ended) =>
        $"limit {(ended.MemoryLimit == 0 ? "of the node" : Quantities.Bytes(ended.MemoryLimit))}, peak {(ended.MemoryPeak == 0 ? "unknown" : Quantities.Bytes(ended.MemoryPeak))}";
}
