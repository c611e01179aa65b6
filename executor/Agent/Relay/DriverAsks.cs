using System.Collections.Concurrent;
using System.Net.Sockets;
using Google.Protobuf;
using PodExecutor.Link;

namespace PodExecutor.Agent.Relay;

/// <summary>A stage's process asks the driver: the process's end of the socket that the supervisor gave it. Several asks may be open at once.</summary>
internal sealed class DriverAsks : IAsyncDisposable
{
    /// <summary>The descriptor that the supervisor leaves to the process it starts.</summary>
    public const int Descriptor = 3;

    private readonly Stream _supervisor;
    private readonly FrameReader<Answer> _reader;
    private readonly FrameWriter<Ask> _writer;
    private readonly ConcurrentDictionary<ulong, (MessageParts Parts, TaskCompletionSource<ByteString> Whole)> _open = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _reading;
    private ulong _lastId;

    public DriverAsks(Stream supervisor)
    {
        _supervisor = supervisor;
        _reader = new FrameReader<Answer>(supervisor, Answer.Parser);
        _writer = new FrameWriter<Ask>(supervisor);
        _reading = ReadAsync();
    }

    /// <summary>The socket that this process was started with.</summary>
    public static DriverAsks OfThisProcess() => new(new NetworkStream(new Socket(new SafeSocketHandle(Descriptor, ownsHandle: true)), ownsSocket: true));

    /// <summary>Waits for the answer, over any number of cut connections.</summary>
    /// <exception cref="IOException">The supervisor has gone.</exception>
    public async Task<ByteString> AskAsync(ByteString message, CancellationToken cancel)
    {
        var id = Interlocked.Increment(ref _lastId);
        var whole = new TaskCompletionSource<ByteString>(TaskCreationOptions.RunContinuationsAsynchronously);
        _open[id] = (new MessageParts(Supervisor.AskRelay.MaxMessage), whole);
        if (_over.IsCancellationRequested)
        {
            throw new IOException("The supervisor of this process has gone.");
        }

        foreach (var part in MessageParts.Split(message))
        {
            await _writer.WriteAsync(new Ask { Id = id, Data = part.Data, Last = part.Last }, cancel);
        }

        return await whole.Task.WaitAsync(cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _supervisor.DisposeAsync();
        await _reading;
        _over.Dispose();
    }

    private async Task ReadAsync()
    {
        Exception? failure = null;
        try
        {
            while (await _reader.ReadAsync(_over.Token) is { } answer)
            {
                if (_open.TryGetValue(answer.Id, out var ask))
                {
                    ask.Parts.Add(answer.Data, answer.Last);
                    if (answer.Last && _open.TryRemove(answer.Id, out _))
                    {
                        ask.Whole.TrySetResult(ask.Parts.Whole);
                    }
                }
            }
        }
#pragma warning disable CA1031 // Whatever it is, it ends the waiting of those who ask: they get it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Nobody answers any more.
            failure = e is IOException or OperationCanceledException or ObjectDisposedException ? null : e;
        }

        await _over.CancelAsync();
        foreach (var ask in _open.Values)
        {
            ask.Whole.TrySetException(new IOException("The supervisor of this process has gone.", failure));
        }
    }
}
