namespace PodExecutor.BuildKit;

/// <summary>A place in a Dockerfile.</summary>
/// <param name="FileName">As the frontend knows it; "Dockerfile" mostly.</param>
/// <param name="Ranges">Never empty; lines count from 1.</param>
/// <param name="Content">The whole file.</param>
public sealed record SourceExcerpt(string FileName, IReadOnlyList<LineRange> Ranges, string Content)
{
    public int FirstLine => Ranges.Min(range => range.Start);

    public int LastLine => Ranges.Max(range => range.End);

    /// <summary>The place's lines with their numbers and up to <paramref name="context"/> lines around it.</summary>
    public IReadOnlyList<SourceLine> Lines(int context = 0)
    {
        var lines = Content.Split('\n');
        var from = Math.Max(1, FirstLine - context);
        var to = Math.Min(lines.Length, Math.Max(FirstLine, LastLine) + context);
        return
        [
            .. Enumerable.Range(from, Math.Max(0, to - from + 1))
                .Select(number => new SourceLine(number, lines[number - 1].TrimEnd('\r'), Ranges.Any(range => range.Contains(number)))),
        ];
    }
}

/// <summary>From one line to another, both within, counted from 1.</summary>
public readonly record struct LineRange(int Start, int End)
{
    public bool Contains(int line) => line >= Start && line <= Math.Max(Start, End);
}

/// <param name="Meant">The line belongs to the place, not to what is around it.</param>
public sealed record SourceLine(int Number, string Text, bool Meant);
