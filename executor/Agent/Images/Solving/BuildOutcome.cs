using PodExecutor.Agent.Images.Progress;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Solving;

/// <summary>A build that succeeded.</summary>
/// <param name="Waited">For a builder.</param>
internal sealed record BuildOutcome(SolveOutcome Solve, BuildTrace Trace, string Builder, TimeSpan Waited)
{
    /// <summary>docker's image id: the configuration's digest; an index has only its own.</summary>
    public string? Id => Solve.ConfigDigest ?? Solve.ImageDigest;

    public string? Digest => Solve.ImageDigest;
}
