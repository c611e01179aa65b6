using System.Text;

namespace PodExecutor.Driver.Runs;

/// <summary>
/// The one writer of <c>run</c>'s stdout: what the script printed, and our own lines, each on a line of its own. gitlab-runner reads stdout
/// and stderr with a reader each, so only what goes into one pipe keeps its order. A thread of its own writes: gitlab-runner may be slow to
/// read, and on a machine with one processor a blocked pool thread would hold up the heartbeats.
/// </summary>
internal sealed class StageOutput : IDisposable
{
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(30);

    private readonly Stream _stdout;
    private readonly Lock _lock = new();
    private readonly Queue<Item> _items = new();
    private readonly SemaphoreSlim _ready = new(0);
    private readonly Thread _thread;
    private bool _midLine;
    private IOException? _gone;

    public StageOutput(Stream stdout)
    {
        _stdout = stdout;
        Lines = new LineWriter(this);
        _thread = new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "stdout" };
        _thread.Start();
    }

    /// <summary>For lines of our own, see <see cref="Output.JobLog"/>. Does not wait until they are written.</summary>
    public TextWriter Lines { get; }

    /// <summary>Ends when gitlab-runner's pipe has taken the bytes.</summary>
    /// <exception cref="StdoutGoneException">gitlab-runner has closed the pipe.</exception>
    public Task WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Add(new Item(data, false, written));
        return written.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Writes what is waiting. The script's bytes have been awaited already; our own lines are given up if nobody reads them.</summary>
    public void Dispose()
    {
        Add(new Item(null, false, null));
        if (!_thread.Join(LastPatience))
        {
            return;
        }

        _ready.Dispose();
        Lines.Dispose();
        _stdout.Dispose();
    }

    private void Add(Item item)
    {
        lock (_lock)
        {
            _items.Enqueue(item);
        }

        _ready.Release();
    }

    private void Run()
    {
        while (true)
        {
            _ready.Wait();
            Item item;
            lock (_lock)
            {
                item = _items.Dequeue();
            }

            if (item.Data is not { } data)
            {
                return;
            }

            Write(data.Span, item.IsLine);
            if (_gone is null)
            {
                item.Written?.SetResult();
            }
            else
            {
                item.Written?.SetException(new StdoutGoneException(_gone));
            }
        }
    }

    private void Write(ReadOnlySpan<byte> data, bool isLine)
    {
        if (_gone is not null || data.IsEmpty)
        {
            return;
        }

        try
        {
            if (isLine && _midLine)
            {
                _stdout.Write("\n"u8);
            }

            _stdout.Write(data);
            _stdout.Flush();
            _midLine = data[^1] != (byte)'\n';
        }
        catch (IOException e)
        {
            _gone = e;
        }
    }

    /// <param name="Data">Null ends the thread.</param>
    /// <param name="IsLine">Starts on a new line.</param>
    private sealed record Item(ReadOnlyMemory<byte>? Data, bool IsLine, TaskCompletionSource? Written);

    private sealed class LineWriter(StageOutput output) : TextWriter(System.Globalization.CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Write(value.ToString());

        public override void Write(string? value) => output.Add(new Item(Encoding.UTF8.GetBytes(value ?? ""), true, null));
    }
}
