using System.Text.RegularExpressions;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Files;

namespace PodExecutor.Driver.Pipelines;

/// <summary>What the rules of a job decided. Pure: variables in, decision out.</summary>
/// <param name="Variables">The job's, with those of the rule that fitted.</param>
internal sealed record RunPlan(PipelineJob Job, JobWhen When, bool AllowFailure, IReadOnlyList<JobVariable> Variables)
{
    /// <param name="known">Predefined variables and those of the command line.</param>
    /// <param name="named">The user asked for this very job: a manual one is then played.</param>
    public static RunPlan Decide(PipelineJob job, IReadOnlyList<JobVariable> known, IReadOnlyList<JobVariable> overrides, bool named)
    {
        var rule = new RuleRequest(job.Place, null, null, null, []);
        if (job.Rules is { } rules)
        {
            var variables = new JobVariables([.. known, .. job.Variables, .. overrides]);
            if (rules.FirstOrDefault(r => Fits(r, variables, job)) is not { } fitting)
            {
                return new RunPlan(job, JobWhen.Never, false, job.Variables);
            }

            rule = fitting;
        }

        var when = rule.When ?? job.When;

        // A manual job may fail by default, but not one that is manual by a rule, nor one that somebody wants to see.
        var allowFailure = rule.AllowFailure ?? job.AllowFailure ?? (when == JobWhen.Manual && job.Rules is null && !named);
        return new RunPlan(job, when == JobWhen.Manual && named ? JobWhen.OnSuccess : when, allowFailure, [.. job.Variables, .. rule.Variables]);
    }

    public bool Tolerates(int exitCode) => AllowFailure && (Job.AllowedExitCodes is not { } codes || codes.Contains(exitCode));

    private static bool Fits(RuleRequest rule, JobVariables variables, PipelineJob job)
    {
        try
        {
            return rule.If?.IsTrue(variables.Get) ?? true;
        }
        catch (Exception e) when (e is FormatException or RegexMatchTimeoutException)
        {
            // A pattern that came out of a variable.
            throw new PipelineFileException([new PipelineProblem(rule.Place, $"rules: if: {e.Message}", true, job.Name)]);
        }
    }
}
