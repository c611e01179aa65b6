using System.Security.Cryptography;
using System.Text;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>One builder's news of one try. Equal steps of two lanes are two steps, though builders call them by the same digest.</summary>
/// <param name="number">0: the digests stay as they are.</param>
internal sealed class ProgressLane(ProgressBoard board, int number, string? share, TimeProvider time)
{
    /// <summary>BuildKit's own word for a step that was given up, which printers know.</summary>
    public const string Canceled = "context canceled";

    private readonly Dictionary<string, string> _digests = new(StringComparer.Ordinal);

    /// <summary>By the builder's own digests, which its failure names.</summary>
    public BuildTrace Trace { get; } = new();

    public void Add(ProgressUpdate update)
    {
        Trace.Add(update);
        var own = number == 0 ? update : new ProgressUpdate(
            [.. update.Vertices.Select(v => v with { Digest = Own(v.Digest), Inputs = [.. v.Inputs.Select(Own)] })],
            [.. update.Statuses.Select(s => s with { Vertex = Own(s.Vertex) })],
            [.. update.Logs.Select(l => l with { Vertex = Own(l.Vertex) })],
            [.. update.Warnings.Select(w => w with { Vertex = Own(w.Vertex) })]);
        board.Take(own, share is null ? own : own with { Vertices = [.. own.Vertices.Select(v => v with { Name = Named(v.Name) })] });
    }

    /// <summary>The builder will say no more: what it was at is given up.</summary>
    public void End()
    {
        var open = Trace.Vertices.Where(v => v is { Started: not null, Completed: null }).Select(v => v with { Completed = time.GetUtcNow(), Error = Canceled }).ToList();
        if (open.Count > 0)
        {
            Add(new ProgressUpdate(open, [], [], []));
        }
    }

    private string Named(string name) =>
        !name.StartsWith('[') ? $"[{share}] {name}"
        : name.AsSpan(1).StartsWith(share + " ") ? name
        : $"[{share} {name[1..]}";

    private string Own(string digest)
    {
        if (number == 0)
        {
            return digest;
        }

        if (!_digests.TryGetValue(digest, out var own))
        {
            own = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{number} {digest}")));
            _digests.Add(digest, own);
        }

        return own;
    }
}
