using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Rules;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>What a pipeline file asks for.</summary>
internal sealed record PipelineRequest(IReadOnlyList<string> Stages, IReadOnlyList<PipelineJob> Jobs, IReadOnlyList<PipelineProblem> Problems);

internal enum JobWhen
{
    OnSuccess,
    OnFailure,
    Always,
    Manual,
    Never,
}

/// <summary>One job, with what it inherits and extends.</summary>
internal sealed record PipelineJob
{
    public required string Name { get; init; }

    public required Place Place { get; init; }

    public string Stage { get; init; } = "test";

    public PayloadImage? Image { get; init; }

    public IReadOnlyList<PayloadImage> Services { get; init; } = [];

    /// <summary>The file's, then the job's own; not expanded.</summary>
    public IReadOnlyList<JobVariable> Variables { get; init; } = [];

    /// <summary>before_script and script, which are one step.</summary>
    public IReadOnlyList<string> Script { get; init; } = [];

    public IReadOnlyList<string> AfterScript { get; init; } = [];

    public IReadOnlyList<string> PreGetSources { get; init; } = [];

    /// <summary>Null: waits for all earlier stages and gets their artifacts.</summary>
    public IReadOnlyList<JobNeed>? Needs { get; init; }

    /// <summary>Null: the artifacts of all that it waits for.</summary>
    public IReadOnlyList<string>? Dependencies { get; init; }

    public IReadOnlyList<PayloadArtifact> Artifacts { get; init; } = [];

    public IReadOnlyList<PayloadCache> Cache { get; init; } = [];

    public JobWhen When { get; init; }

    /// <summary>Null: not given; a manual job may then fail.</summary>
    public bool? AllowFailure { get; init; }

    /// <summary>Null: any code, if <see cref="AllowFailure"/>.</summary>
    public IReadOnlyList<int>? AllowedExitCodes { get; init; }

    public TimeSpan? Timeout { get; init; }

    public RetryRequest Retry { get; init; } = new(0, [], []);

    /// <summary>Null: no rules; the first that fits decides.</summary>
    public IReadOnlyList<RuleRequest>? Rules { get; init; }
}

internal sealed record JobNeed(string Job, bool Artifacts, bool Optional, Place Place);

/// <param name="When">Failure reasons; none means all.</param>
internal sealed record RetryRequest(int Max, IReadOnlyList<string> When, IReadOnlyList<int> ExitCodes);

internal sealed record RuleRequest(Place Place, RuleExpression? If, JobWhen? When, bool? AllowFailure, IReadOnlyList<JobVariable> Variables);
