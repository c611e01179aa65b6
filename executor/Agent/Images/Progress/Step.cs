using System.Text;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>A vertex as the printer knows it.</summary>
internal sealed class Step(int number, Vertex vertex)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _partial = new();
    private readonly HashSet<string> _statusesTold = new(StringComparer.Ordinal);

    public int Number { get; } = number;

    public Vertex Vertex { get; set; } = vertex;

    /// <summary>How often its section was opened: a section's name may be used once only.</summary>
    public int Sections { get; set; }

    /// <summary>Whole lines that were not printed yet.</summary>
    public List<string> Pending { get; } = [];

    public bool Announced { get; set; }

    public bool Told { get; set; }

    public bool IsOver => Vertex.Completed is not null;

    /// <summary>Turns raw pieces into whole lines with the seconds since the step's start, as docker shows them.</summary>
    public void Append(VertexLog log)
    {
        var data = log.Data.Span;
        var characters = new char[_decoder.GetCharCount(data, flush: false)];
        var count = _decoder.GetChars(data, characters, flush: false);
        foreach (var c in characters.AsSpan(0, count))
        {
            if (c == '\n')
            {
                EndLine(log.Timestamp);
            }
            else
            {
                _partial.Append(c);
            }
        }
    }

    public void Append(VertexStatus status)
    {
        if (status.Completed is null || !_statusesTold.Add(status.Id))
        {
            return;
        }

        var size = status.Current > 0 ? " " + ByteText.Of(status.Current) : "";
        var name = status.Name.Length > 0 ? status.Name : status.Id;
        var seconds = status.Started is { } started ? $" {(status.Completed.Value - started).TotalSeconds:0.0}s" : "";
        Pending.Add($"{name}{size}{seconds} done");
    }

    /// <summary>A last line without its end.</summary>
    public void Flush()
    {
        if (_partial.Length > 0)
        {
            EndLine(Vertex.Completed ?? Vertex.Started ?? default);
        }
    }

    private void EndLine(DateTimeOffset at)
    {
        // What a terminal would have overwritten is not worth a line of a job log.
        var line = _partial.ToString().TrimEnd('\r');
        var back = line.LastIndexOf('\r');
        line = back < 0 ? line : line[(back + 1)..];
        _partial.Clear();
        var seconds = Vertex.Started is { } started ? Math.Max(0, (at - started).TotalSeconds) : 0;
        Pending.Add($"{seconds:0.000} {line}");
    }
}
