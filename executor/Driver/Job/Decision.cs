using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Job;

/// <summary>What comes up while a job is decided on, beside the plan: all refusals, and what its log should say.</summary>
internal sealed class Decision
{
    public List<Failure> Refusals { get; } = [];

    /// <summary>Lines for the job log.</summary>
    public List<string> Notices { get; } = [];

    /// <param name="what">What is refused, with the value.</param>
    /// <param name="why">Key and place: which variable or keyword, which setting.</param>
    public void Refuse(string what, string why, string hint) => Refusals.Add(new Failure(FailureKind.Job, what, why, hint));
}
