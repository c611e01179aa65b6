namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>Where something stands, as editors and terminals link it.</summary>
internal readonly record struct Place(string File, long Line)
{
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>Something in the pipeline file that does not do what it says.</summary>
/// <param name="IsError">True if the job's result would differ from GitLab's; false if the key is harmless and ignored.</param>
/// <param name="Job">Whose it is; null: the whole file's.</param>
internal sealed record PipelineProblem(Place Place, string Text, bool IsError, string? Job)
{
    public override string ToString() => $"{Place}: {(IsError ? "error" : "ignored")}: {Text}";
}

/// <summary>The file cannot be used: all errors at once.</summary>
internal sealed class PipelineFileException(IReadOnlyList<PipelineProblem> problems)
    : Exception(string.Join('\n', problems.Select(p => p.ToString())))
{
    public IReadOnlyList<PipelineProblem> Problems { get; } = problems;
}

/// <summary>Collects; nothing stops at the first problem.</summary>
internal sealed class ProblemList
{
    private readonly List<PipelineProblem> _problems = [];

    public IReadOnlyList<PipelineProblem> All => _problems;

    /// <summary>The job that is being read.</summary>
    public string? Job { get; set; }

    public void Error(Place place, string text) => Add(new PipelineProblem(place, text, true, Job));

    public void Ignored(Place place, string text) => Add(new PipelineProblem(place, text, false, Job));

    /// <summary>Defaults and anchors are read once per job: the same thing is said once per job.</summary>
    private void Add(PipelineProblem problem)
    {
        if (!_problems.Contains(problem))
        {
            _problems.Add(problem);
        }
    }
}
