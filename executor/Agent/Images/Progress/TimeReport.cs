using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>Where a build's time went, in five lines. Steps run side by side: each line counts the time in which any of its kind ran.</summary>
internal static class TimeReport
{
    /// <summary>A context above this is worth a word.</summary>
    public const long LargeContext = 100_000_000;

    /// <param name="waited">For a builder.</param>
    /// <param name="whole">From the command's start to its end.</param>
    /// <param name="advice">On a large context; null: none.</param>
    public static IEnumerable<string> Lines(BuildTrace trace, TimeSpan waited, TimeSpan whole, string? advice)
    {
        var kinds = trace.Vertices.Where(v => v is { Started: not null, Completed: not null }).ToLookup(KindOf);
        var steps = trace.Vertices.Where(v => KindOf(v) == Kind.Step).ToList();
        var longest = steps.Where(v => v is { Cached: false, Started: not null, Completed: not null }).MaxBy(v => v.Completed - v.Started);
        yield return $"Where the time went: {whole.TotalSeconds:0.0} s{(waited > TimeSpan.FromSeconds(0.1) ? $", {waited.TotalSeconds:0.0} s of it waiting for a builder" : "")}";
        yield return $"  files sent       {Seconds(kinds[Kind.Files])}  {ByteText.Of(ContextBytes(trace))} of build context{(advice is null ? "" : $"; {advice}")}";
        yield return $"  base images      {Seconds(kinds[Kind.Base])}";
        yield return $"  steps            {Seconds(kinds[Kind.Step])}  {steps.Count(s => s.Cached)} of {steps.Count} cached{(longest is null ? "" : $"; longest: {Shorten(longest.Name)}")}";
        yield return $"  export and push  {Seconds(kinds[Kind.Export])}";
    }

    public static long ContextBytes(BuildTrace trace) =>
        trace.Statuses.Where(s => s.Name.StartsWith("transferring", StringComparison.Ordinal) || s.Id.StartsWith("transferring", StringComparison.Ordinal)).Sum(s => s.Current);

    private enum Kind
    {
        Step,
        Files,
        Base,
        Export,
    }

    private static Kind KindOf(Vertex vertex) =>
        vertex.Name.StartsWith("[internal] load metadata", StringComparison.Ordinal) || IsBase(vertex.Name) ? Kind.Base
        : vertex.Name.StartsWith("[internal]", StringComparison.Ordinal) ? Kind.Files
        : vertex.Name.StartsWith('[') && !vertex.Name.StartsWith("[auth]", StringComparison.Ordinal) ? Kind.Step
        : vertex.Name.StartsWith("export", StringComparison.Ordinal) || vertex.Name.StartsWith("push", StringComparison.Ordinal) ? Kind.Export
        : Kind.Base;

    // "[build 1/4] FROM docker.io/library/debian:12@sha256:…"
    private static bool IsBase(string name) => name.StartsWith('[') && name.IndexOf(']', StringComparison.Ordinal) is > 0 and var close
        && name.AsSpan(close + 1).TrimStart().StartsWith("FROM ");

    private static string Seconds(IEnumerable<Vertex> vertices) => $"{Union(vertices).TotalSeconds,6:0.0} s";

    private static TimeSpan Union(IEnumerable<Vertex> vertices)
    {
        var total = TimeSpan.Zero;
        var until = DateTimeOffset.MinValue;
        foreach (var vertex in vertices.OrderBy(v => v.Started))
        {
            var from = vertex.Started!.Value > until ? vertex.Started.Value : until;
            if (vertex.Completed!.Value > from)
            {
                total += vertex.Completed.Value - from;
                until = vertex.Completed.Value;
            }
        }

        return total;
    }

    private static string Shorten(string name) => name.Length <= 80 ? name : name[..79] + "…";
}
