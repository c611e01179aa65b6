using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Rights;

/// <summary>Whose account needs a right.</summary>
internal enum RightUse
{
    /// <summary>The four calls of gitlab-runner.</summary>
    Job,

    /// <summary><c>gc</c>: an account of its own, since it lists what the jobs' account need not see.</summary>
    Gc,

    /// <summary>Looks that <c>doctor</c> takes if it may; without them it says what it could not look at.</summary>
    Doctor,
}

/// <summary>One row of the table of rights.</summary>
/// <param name="Group">API group; empty for core.</param>
/// <param name="Resource">With its subresource: "pods/exec".</param>
/// <param name="Feature">What needs it, for a person.</param>
internal sealed record ClusterRight(RightUse Use, string Group, string Resource, IReadOnlyList<string> Verbs, string Feature)
{
    /// <summary>What is lacking without the right; null if nothing works without it.</summary>
    public string? WithoutIt { get; init; }

    /// <summary>The setting that makes it necessary, as written in the options file; null if it always is.</summary>
    public string? Setting { get; init; }

    /// <summary>Whether the options ask for it.</summary>
    public Func<KubernetesOptions, bool> Applies { get; init; } = _ => true;

    /// <summary>Needs a ClusterRole: the resource is in no namespace, or in one that is made for the job.</summary>
    public bool IsClusterWide { get; init; }
}
