using System.Text;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>What a build has told by its end: for the failed step, the warnings and where the time went.</summary>
internal sealed class BuildTrace
{
    /// <summary>Of a failed step's output, what is repeated at the end.</summary>
    private const int TailBytes = 4096;
    private const int TailLines = 20;

    private readonly Dictionary<string, Vertex> _vertices = new(StringComparer.Ordinal);
    private readonly Dictionary<(string, string), VertexStatus> _statuses = [];
    private readonly Dictionary<string, List<byte>> _tails = new(StringComparer.Ordinal);
    private readonly List<VertexWarning> _warnings = [];

    public IReadOnlyCollection<Vertex> Vertices => _vertices.Values;

    public IReadOnlyCollection<VertexStatus> Statuses => _statuses.Values;

    public IReadOnlyList<VertexWarning> Warnings => _warnings;

    public void Add(ProgressUpdate update)
    {
        foreach (var vertex in update.Vertices)
        {
            // Completed again: the first start counts for the time.
            var first = _vertices.GetValueOrDefault(vertex.Digest)?.Started;
            _vertices[vertex.Digest] = first is null ? vertex : vertex with { Started = first };
        }

        foreach (var status in update.Statuses)
        {
            _statuses[(status.Vertex, status.Id)] = status;
        }

        foreach (var log in update.Logs)
        {
            if (!_tails.TryGetValue(log.Vertex, out var tail))
            {
                _tails.Add(log.Vertex, tail = []);
            }

            tail.AddRange(log.Data.Span);
            if (tail.Count > 2 * TailBytes)
            {
                tail.RemoveRange(0, tail.Count - TailBytes);
            }
        }

        _warnings.AddRange(update.Warnings);
    }

    /// <summary>The step that failed the build, as the daemon names it, else the last one with an error of its own.</summary>
    public Vertex? Failed(string? digest) => digest is not null && _vertices.TryGetValue(digest, out var named)
        ? named
        : _vertices.Values.LastOrDefault(v => v.Error is { } error && !error.Contains("context canceled", StringComparison.Ordinal));

    /// <summary>Its last lines.</summary>
    public IReadOnlyList<string> Tail(Vertex vertex)
    {
        if (!_tails.TryGetValue(vertex.Digest, out var bytes))
        {
            return [];
        }

        var lines = Encoding.UTF8.GetString([.. bytes]).TrimEnd().Split('\n');
        return [.. lines.TakeLast(TailLines).Select(l => l.TrimEnd('\r'))];
    }
}
