using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>
/// The build's steps as lines: --progress plain, and, folded, as sections of GitLab's job log. Steps run side by side, lines come one after the other: one step is
/// "open" and printed as it runs, the others wait until it ends or says nothing for a while.
/// </summary>
/// <param name="folded">Steps with output become collapsible sections, with the time that GitLab counts for them.</param>
/// <param name="build">Number of this build within the job: sections of two builds must not share names.</param>
internal sealed class StepPrinter(TextWriter output, bool folded, string build, TimeProvider time) : IProgressPrinter
{
    /// <summary>After this silence of the open step another one that has something to say gets its turn.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private readonly List<Step> _steps = [];
    private readonly Dictionary<string, Step> _byDigest = new(StringComparer.Ordinal);
    private Step? _open;
    private long _lastSaid;

    public void Print(ProgressUpdate update)
    {
        foreach (var vertex in update.Vertices.Where(v => v.Started is not null || v.Completed is not null || v.Cached))
        {
            Take(vertex);
        }

        foreach (var status in update.Statuses)
        {
            _byDigest.GetValueOrDefault(status.Vertex)?.Append(status);
        }

        foreach (var log in update.Logs)
        {
            _byDigest.GetValueOrDefault(log.Vertex)?.Append(log);
        }

        Show();
        output.Flush();
    }

    public void Finish()
    {
        Close();
        foreach (var step in _steps.Where(s => !s.Told))
        {
            step.Flush();
            TellWhole(step);
        }

        output.Flush();
    }

    private void Take(Vertex vertex)
    {
        if (!_byDigest.TryGetValue(vertex.Digest, out var step))
        {
            step = new Step(_steps.Count + 1, vertex);
            _steps.Add(step);
            _byDigest.Add(vertex.Digest, step);
        }

        // A step that completes twice (its result was found, then fetched or unpacked) is told once, and stays found.
        step.Vertex = vertex with { Cached = vertex.Cached || step.Vertex.Cached };
    }

    private void Show()
    {
        // 1. the open step goes on, 2. it ends or gives way, 3. what has ended is told, 4. another one is opened.
        if (_open is { } open)
        {
            SayPending(open);
            var waiting = _steps.Exists(s => s != open && !s.Told && s.Pending.Count > 0);
            if (open.IsOver || (waiting && time.GetElapsedTime(_lastSaid) > Silence))
            {
                Close();
            }
        }

        if (_open is null)
        {
            foreach (var step in _steps.Where(s => !s.Told && s.IsOver))
            {
                TellWhole(step);
            }

            if (_steps.Find(s => !s.Told && s.Pending.Count > 0) is { } next)
            {
                Open(next);
                SayPending(next);
            }
        }
    }

    private void Open(Step step)
    {
        if (folded)
        {
            step.Sections++;
            output.Write($"section_start:{Now}:{SectionName(step)}[collapsed=true]\r\e[0K{Title(step)}\n");
        }
        else if (!step.Announced)
        {
            output.Write(Title(step) + "\n");
        }

        step.Announced = true;
        _open = step;
        _lastSaid = time.GetTimestamp();
    }

    private void Close()
    {
        if (_open is not { } step)
        {
            return;
        }

        _open = null;
        step.Flush();
        SayPending(step);
        if (folded)
        {
            output.Write($"section_end:{Now}:{SectionName(step)}\r\e[0K");
        }

        if (step.IsOver)
        {
            output.Write($"#{step.Number} {Verdict(step.Vertex)}\n");
            step.Told = true;
        }
        else if (folded)
        {
            output.Write($"#{step.Number} goes on\n");
        }
    }

    /// <summary>A step that ended while it was not open.</summary>
    private void TellWhole(Step step)
    {
        step.Flush();
        if (step.Pending.Count > 0)
        {
            Open(step);
            Close();
        }
        else
        {
            output.Write(step.Announced || !folded
                ? $"{(step.Announced ? "" : Title(step) + "\n")}#{step.Number} {Verdict(step.Vertex)}\n"
                : $"{Title(step)} {Verdict(step.Vertex)}\n");
            step.Told = true;
        }
    }

    private void SayPending(Step step)
    {
        foreach (var line in step.Pending)
        {
            output.Write(folded ? line + "\n" : $"#{step.Number} {line}\n");
            _lastSaid = time.GetTimestamp();
        }

        step.Pending.Clear();
    }

    private static string Title(Step step) => $"#{step.Number} {step.Vertex.Name.ReplaceLineEndings(" ")}";

    private static string Verdict(Vertex vertex) =>
        vertex.Error is { } error ? error.Contains("context canceled", StringComparison.Ordinal) ? "CANCELED" : "ERROR: " + error
        : vertex.Cached ? "CACHED"
        : vertex is { Started: { } started, Completed: { } completed } ? $"DONE {(completed - started).TotalSeconds:0.0}s"
        : "not finished";

    private long Now => time.GetUtcNow().ToUnixTimeSeconds();

    private string SectionName(Step step) => $"image_{build}_{step.Number}_{step.Sections}";
}
