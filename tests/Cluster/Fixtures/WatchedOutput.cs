using System.Text;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>A job log that a test can wait on. Keeps the first MiB: what is longer is compared by hash.</summary>
internal sealed class WatchedOutput : Stream
{
    private const int Kept = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private readonly List<(Func<string, long, bool> Condition, TaskCompletionSource Seen)> _waiting = [];
    private long _bytes;

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

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _bytes;

    public override long Position { get => _bytes; set => throw new NotSupportedException(); }

    public Task SawAsync(string text) => WhenAsync((all, _) => all.Contains(text, StringComparison.Ordinal), text);

    public Task SawBytesAsync(long bytes) => WhenAsync((_, seen) => seen >= bytes, $"{bytes} bytes");

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Note(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override void Write(byte[] buffer, int offset, int count) => Note(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private async Task WhenAsync(Func<string, long, bool> condition, string what)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Add((condition, seen));
        }

        Note([]);
        try
        {
            await seen.Task.WaitAsync(Until.Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"The log never showed {what}:\n{Text}");
        }
    }

    private void Note(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _bytes += bytes.Length;
            if (_text.Length < Kept)
            {
                _text.Append(Encoding.UTF8.GetString(bytes));
            }

            if (_waiting.Count > 0)
            {
                var text = _text.ToString();
                foreach (var done in _waiting.Where(w => w.Condition(text, _bytes)).ToList())
                {
                    done.Seen.TrySetResult();
                    _waiting.Remove(done);
                }
            }
        }
    }
}
