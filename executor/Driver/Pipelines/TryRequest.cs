using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines;

/// <summary>What the command line asks for.</summary>
internal sealed record TryRequest
{
    public required string Pipeline { get; init; }

    /// <summary>Empty: all.</summary>
    public IReadOnlyList<string> Jobs { get; init; } = [];

    public required string ProjectDirectory { get; init; }

    public IReadOnlyList<JobVariable> Variables { get; init; } = [];

    /// <summary>The branch name that the jobs see; null: the one that is checked out.</summary>
    public string? Ref { get; init; }

    /// <summary>Of jobs without their own.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromHours(1);

    public required string GitLabAddress { get; init; }

    public int Concurrent { get; init; } = 1;

    public bool Color { get; init; }

    public string? JunitFile { get; init; }

    /// <summary>The executor: a program and the arguments before its verb.</summary>
    public required string Executable { get; init; }

    public IReadOnlyList<string> ExecutableArguments { get; init; } = [];
}
