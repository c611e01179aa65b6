using System.Text;

namespace PodExecutor.Tests.Unit.Pipelines;

/// <summary>A job log that a test can wait on: no test sleeps.</summary>
internal sealed class WatchedLog : MemoryStream
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private readonly List<(string Text, TaskCompletionSource Seen)> _waiting = [];

    public string Text
    {
        get
        {
            lock (_gate)
            {
                return _text.ToString();
            }
        }
    }

    public Task Saw(string text)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Add((text, seen));
        }

        Note("");
        return seen.Task.WaitAsync(Patience);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Note(Encoding.UTF8.GetString(buffer.Span));
        return ValueTask.CompletedTask;
    }

    public override void Write(byte[] buffer, int offset, int count) => Note(Encoding.UTF8.GetString(buffer, offset, count));

    public override void Write(ReadOnlySpan<byte> buffer) => Note(Encoding.UTF8.GetString(buffer));

    private void Note(string text)
    {
        lock (_gate)
        {
            _text.Append(text);
            foreach (var (_, seen) in _waiting.Where(w => _text.ToString().Contains(w.Text)))
            {
                seen.TrySetResult();
            }
        }
    }
}
