using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Options;

/// <summary>One thing wrong in the options file.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Key">With its table, "kubernetes.namespace"; empty for a syntax error.</param>
/// <param name="What">What is wrong.</param>
/// <param name="Remedy">What to write instead.</param>
internal sealed record OptionsProblem(string File, int Line, string Key, string What, string Remedy)
{
    /// <summary>The operator's file, so a system failure: no job can help it.</summary>
    public Failure ToFailure() =>
        new(FailureKind.System, $"{File}:{Line}: {(Key.Length > 0 ? $"{Key}: " : "")}{What}", Hint: Remedy);
}
