namespace PodExecutor.Driver.Operations.Doctor;

/// <summary>How bad it is; doctor's exit code is that of the worst.</summary>
internal enum Severity
{
    Ok,

    /// <summary>Good to know, or not looked at.</summary>
    Note,

    /// <summary>Some jobs will fail, or something is lacking.</summary>
    Warning,

    /// <summary>No job will run.</summary>
    Error,
}

/// <summary>One thing that a check saw. Never holds a secret: it is printed.</summary>
/// <param name="What">A sentence without a period.</param>
/// <param name="Remedy">What the operator can do; every warning and error has one.</param>
internal sealed record Finding(Severity Severity, string What, string? Why = null, string? Remedy = null)
{
    public static Finding Ok(string what) => new(Severity.Ok, what);

    public static Finding Note(string what, string? why = null, string? remedy = null) => new(Severity.Note, what, why, remedy);

    public static Finding Warning(string what, string? why, string remedy) => new(Severity.Warning, what, why, remedy);

    public static Finding Error(string what, string? why, string remedy) => new(Severity.Error, what, why, remedy);
}

/// <summary>All that one check found.</summary>
internal sealed record CheckOutcome(string Check, IReadOnlyList<Finding> Findings);
