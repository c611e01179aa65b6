using Google.Protobuf;
using PodExecutor.Link;

namespace PodExecutor.Driver.Runs;

/// <summary>
/// What the stage's process asks, over all streams of a run: an ask that is being answered is not taken up anew when it arrives again
/// on the next stream. The pod decides what arrives, so the number of asks and their bytes are limited.
/// </summary>
/// <param name="answer">Its failures are its own: it always answers. Null for a script, whose asks are dropped.</param>
internal sealed class AskTable(Func<ByteString, CancellationToken, Task<ByteString>>? answer)
{
    /// <summary>Bytes of the asks that are not complete. One holds a manifest at most.</summary>
    private const int MaxBytes = 256 * 1024 * 1024;

    private const int MaxOpen = 64;

    private readonly Dictionary<ulong, Task<ByteString>> _asked = [];

    /// <summary>The parts that one stream has brought; they are sent again on the next one.</summary>
    private readonly Dictionary<ulong, MessageParts> _parts = [];
    private long _bytes;

    /// <summary>Forgets the parts of a stream that is gone.</summary>
    public void NewStream()
    {
        _parts.Clear();
        _bytes = 0;
    }

    /// <summary>Takes a part of an ask.</summary>
    /// <returns>The answer in the making once the ask is complete, else null.</returns>
    /// <exception cref="LinkDamagedException">There are more open asks, or bytes in them, than the limit.</exception>
    public Task<ByteString>? Take(Ask part, CancellationToken cancellationToken)
    {
        if (answer is null)
        {
            return null;
        }

        if (!_parts.TryGetValue(part.Id, out var message))
        {
            if (_parts.Count == MaxOpen)
            {
                throw new LinkDamagedException($"The agent asks more than {MaxOpen} questions at once.");
            }

            _parts[part.Id] = message = new MessageParts(MaxBytes);
        }

        _bytes += part.Data.Length;
        if (_bytes > MaxBytes)
        {
            throw new LinkDamagedException($"The agent's questions have more than {MaxBytes} bytes.");
        }

        message.Add(part.Data, part.Last);
        if (!part.Last)
        {
            return null;
        }

        _parts.Remove(part.Id);
        _bytes -= message.Whole.Length;
        if (!_asked.TryGetValue(part.Id, out var answered))
        {
            if (_asked.Values.Count(t => !t.IsCompleted) == MaxOpen)
            {
                throw new LinkDamagedException($"The agent asks more than {MaxOpen} questions at once.");
            }

            _asked[part.Id] = answered = AnswerAsync(answer, message.Whole, cancellationToken);
        }

        return answered;
    }

    /// <summary>An ask without an answer would hold the stage until its own time limit: whatever happens, there is one.</summary>
    private static async Task<ByteString> AnswerAsync(
        Func<ByteString, CancellationToken, Task<ByteString>> answer, ByteString message, CancellationToken cancellationToken)
    {
        try
        {
            return await answer(message, cancellationToken);
        }
#pragma warning disable CA1031 // Likewise.
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return ByteString.Empty;
        }
    }
}
