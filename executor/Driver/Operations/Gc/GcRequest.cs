namespace PodExecutor.Driver.Operations.Gc;

/// <summary>What gc was asked for.</summary>
/// <param name="Namespaces">Where to look; empty: in all.</param>
/// <param name="Grace">How long something must have been dead; jobs that are just ending or starting are left alone.</param>
/// <param name="OlderThan">Pods of this age are dead whatever they do; null: only what no job can own any more.</param>
/// <param name="DryRun">Only tell.</param>
internal sealed record GcRequest(IReadOnlyList<string> Namespaces, TimeSpan Grace, TimeSpan? OlderThan, bool DryRun)
{
    /// <summary>Jobs have namespaces of their own (namespace_per_job): these are swept, too.</summary>
    public bool SweepNamespaces { get; init; }
}

/// <summary>One object of a job, as far as gc must know it. Never holds what is in a Secret.</summary>
/// <param name="Kind">As in the path: "pods".</param>
/// <param name="Namespace">Null for a namespace itself.</param>
/// <param name="Job">The pod that it belongs to; of a pod, its own name.</param>
internal sealed record JobObject(string Kind, string? Namespace, string Name, string Uid, string ResourceVersion, string Job);

/// <summary>What becomes of an object.</summary>
/// <param name="Sweep">False: it is left alone.</param>
/// <param name="Why">For a person: "it ended 2 h ago".</param>
internal sealed record SweepVerdict(bool Sweep, string Why);
