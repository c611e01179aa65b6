using PodExecutor.Driver.Pipelines.Files;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines;

internal enum JobState
{
    Passed,
    Failed,

    /// <summary>Failed, but allow_failure lets the pipeline go on.</summary>
    Tolerated,

    Canceled,

    /// <summary>Not started for lack of what it waits for; those after it are not either.</summary>
    Blocked,

    /// <summary>Not started, which is no fault: manual, or on_failure without a failure.</summary>
    Skipped,
}

/// <param name="Reason">Why it is not Passed, for a person.</param>
/// <param name="Tries">Each try of the runner, the last one decides. None if the job was not started.</param>
internal sealed record JobRunOutcome(PipelineJob Job, JobState State, string? Reason, IReadOnlyList<JobOutcome> Tries)
{
    /// <summary>The id of the last try, under which its artifacts are kept.</summary>
    public long Id { get; init; }
}

internal sealed record PipelineOutcome(IReadOnlyList<JobRunOutcome> Jobs)
{
    public bool Passed => Jobs.All(j => j.State is JobState.Passed or JobState.Tolerated or JobState.Skipped);
}
