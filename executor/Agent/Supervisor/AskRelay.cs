using System.Collections.Concurrent;
using System.Net.Sockets;
using Google.Protobuf;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// Carries what the stage's process asks to whichever driver is connected, and the answers back. It understands neither. An ask
/// stays until it is answered: every new connection gets all that are open. The process's end is a socket that nobody else has.
/// </summary>
internal sealed class AskRelay : IDisposable
{
    /// <summary>An ask or an answer holds a manifest at most.</summary>
    public const int MaxMessage = 256 * 1024 * 1024;

    private readonly Stream _process;
    private readonly FrameReader<Ask> _reader;
    private readonly FrameWriter<Answer> _writer;
    private readonly ConcurrentDictionary<ulong, MessageParts> _open = new();
    private readonly System.Threading.Channels.Channel<(ulong Id, ByteString Data)> _answers =
        System.Threading.Channels.Channel.CreateUnbounded<(ulong, ByteString)>();
    private readonly SemaphoreSlim _news = new(0);
    private readonly CancellationTokenSource _over = new();

    public AskRelay(Socket process)
    {
        _process = new NetworkStream(process, ownsSocket: true);
        _reader = new FrameReader<Ask>(_process, Ask.Parser);
        _writer = new FrameWriter<Answer>(_process);
        _ = ReadAsync(_over.Token);
        _ = WriteAsync(_over.Token);
    }

    /// <summary>Sends every ask that is open now or comes later, until it is cancelled: the work of one connection.</summary>
    public async Task ForwardAsync(Func<Ask, CancellationToken, Task> send, CancellationToken cancel)
    {
        var sent = new HashSet<ulong>();
        while (true)
        {
            foreach (var (id, message) in _open.OrderBy(a => a.Key).Where(a => a.Value.IsWhole && sent.Add(a.Key)))
            {
                foreach (var part in MessageParts.Split(message.Whole))
                {
                    await send(new Ask { Id = id, Data = part.Data, Last = part.Last }, cancel);
                }
            }

            await _news.WaitAsync(cancel);
        }
    }

    /// <summary>Hands a whole answer on; a second one to the same ask is dropped.</summary>
    public void Answer(ulong id, ByteString data)
    {
        if (_open.TryRemove(id, out _))
        {
            _answers.Writer.TryWrite((id, data));
        }
    }

    public void Dispose()
    {
        // Never disposed of: both loops may still look at its token. It holds nothing but memory.
        _over.Cancel();
        _process.Dispose();
    }

#pragma warning disable CA1031 // Nobody awaits these loops: every end of theirs is told by End.
    private async Task ReadAsync(CancellationToken cancel)
    {
        try
        {
            while (await _reader.ReadAsync(cancel) is { } part)
            {
                var message = _open.GetOrAdd(part.Id, _ => new MessageParts(MaxMessage));
                message.Add(part.Data, part.Last);
                if (part.Last)
                {
                    _news.Release();
                }
            }
        }
        catch (Exception e)
        {
            // The process has ended, or talks nonsense: it gets no answer, and its end is the stage's.
            End(e);
        }
    }

    private async Task WriteAsync(CancellationToken cancel)
    {
        try
        {
            await foreach (var (id, data) in _answers.Reader.ReadAllAsync(cancel))
            {
                foreach (var part in MessageParts.Split(data))
                {
                    await _writer.WriteAsync(new Answer { Id = id, Data = part.Data, Last = part.Last }, cancel);
                }
            }
        }
        catch (Exception e)
        {
            // Likewise.
            End(e);
        }
    }
#pragma warning restore CA1031

    /// <summary>The process must not wait for an answer that nobody will give.</summary>
    private void End(Exception e)
    {
        if (e is not (IOException or OperationCanceledException or ObjectDisposedException))
        {
            Console.Error.WriteLine($"pod-agent: the connection of a stage's process has failed: {e}");
        }

        _process.Close();
    }
}
