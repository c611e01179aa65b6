namespace PodExecutor.Driver.Failures;

/// <summary>Whose fault it is: that decides what gitlab-runner does next (docs/adr/0003-failure-kinds.md).</summary>
internal enum FailureKind
{
    /// <summary>The job's script ended with a non-zero code. Nothing is added to the log.</summary>
    Script,

    /// <summary>The job asks for what cannot be: a wrong image, too little memory. Trying again would not help.</summary>
    Job,

    /// <summary>The infrastructure failed: cluster, network, configuration. The runner may try again.</summary>
    System,

    /// <summary>gitlab-runner asked us to stop.</summary>
    Stopped,
}

/// <summary>One thing that went wrong, told to a person.</summary>
/// <param name="What">What failed, one sentence without a period.</param>
/// <param name="Why">The cause as far as it is known.</param>
/// <param name="Hint">What the reader can do about it.</param>
internal sealed record Failure(FailureKind Kind, string What, string? Why = null, string? Hint = null)
{
    /// <summary>The script's own exit code, where it has one.</summary>
    public int? ScriptExitCode { get; init; }

    public override string ToString() => string.Join(". ", new[] { What, Why, Hint }.Where(s => !string.IsNullOrEmpty(s)));
}

/// <summary>Carries failures up to the one place that turns them into an exit code. Its text is safe to show.</summary>
internal sealed class FailureException : Exception
{
    public FailureException(Failure failure, Exception? inner = null)
        : base(failure.ToString(), inner) => Failures = [failure];

    public FailureException(IReadOnlyList<Failure> failures)
        : base(string.Join("; ", failures)) => Failures = failures;

    /// <summary>At least one; all of the same kind.</summary>
    public IReadOnlyList<Failure> Failures { get; }
}
