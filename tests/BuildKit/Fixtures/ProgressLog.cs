using System.Collections.Concurrent;
using System.Text;
using PodExecutor.BuildKit;

namespace PodExecutor.Tests.BuildKitClient.Fixtures;

/// <summary>Collects a build's progress.</summary>
internal sealed class ProgressLog
{
    private readonly ConcurrentQueue<ProgressUpdate> _updates = new();

    public void Add(ProgressUpdate update) => _updates.Enqueue(update);

    /// <summary>The last word on each step.</summary>
    public IReadOnlyList<Vertex> Vertices =>
        [.. _updates.SelectMany(update => update.Vertices).GroupBy(vertex => vertex.Digest).Select(states => states.Last())];

    /// <summary>Whether a step of this name was ever told to be cached: it may start again to be fetched.</summary>
    public bool WasCached(string name) =>
        _updates.SelectMany(update => update.Vertices).Any(vertex => vertex.Cached && vertex.Name.Contains(name, StringComparison.Ordinal));

    public IReadOnlyList<VertexStatus> Statuses => [.. _updates.SelectMany(update => update.Statuses)];

    public IReadOnlyList<VertexWarning> Warnings => [.. _updates.SelectMany(update => update.Warnings)];

    public string Output => string.Concat(_updates.SelectMany(update => update.Logs).Select(log => Encoding.UTF8.GetString(log.Data.Span)));

    /// <summary>Bytes that the daemon says came from this client.</summary>
    public long Transferred => Statuses
        .Where(status => status.Id.StartsWith("transferring", StringComparison.Ordinal))
        .GroupBy(status => (status.Vertex, status.Id)).Sum(states => states.Max(status => status.Current));
}
