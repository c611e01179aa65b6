using Google.Protobuf;

namespace PodExecutor.Link;

/// <summary>A message that is longer than a frame may be: put together from its parts, and divided into them.</summary>
/// <param name="limit">Bytes of the whole at most.</param>
public sealed class MessageParts(int limit)
{
    private readonly List<ByteString> _parts = [];
    private long _size;
    private volatile ByteString? _whole;

    public bool IsWhole => _whole is not null;

    /// <exception cref="InvalidOperationException">The last part has not come.</exception>
    public ByteString Whole => _whole ?? throw new InvalidOperationException("The message is not whole.");

    /// <exception cref="LinkDamagedException">More comes than a message may have, or after its end.</exception>
    public void Add(ByteString data, bool last)
    {
        ArgumentNullException.ThrowIfNull(data);
        _size += data.Length;
        if (_size > limit || IsWhole)
        {
            throw new LinkDamagedException(IsWhole ? "The link carries a part after a message's last one." : $"The link carries a message of more than {limit} bytes.");
        }

        _parts.Add(data);
        if (last)
        {
            _whole = _parts.Count == 1 ? data : Join();
            _parts.Clear();
        }
    }

    /// <summary>At least one part; the last one says so.</summary>
    public static IEnumerable<(ByteString Data, bool Last)> Split(ByteString message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var at = 0;
        do
        {
            var count = Math.Min(LinkProtocol.ChunkSize, message.Length - at);
            yield return (UnsafeByteOperations.UnsafeWrap(message.Memory.Slice(at, count)), at + count == message.Length);
            at += count;
        }
        while (at < message.Length);
    }

    private ByteString Join()
    {
        var whole = new byte[_size];
        var at = 0;
        foreach (var part in _parts)
        {
            part.Span.CopyTo(whole.AsSpan(at));
            at += part.Length;
        }

        return UnsafeByteOperations.UnsafeWrap(whole);
    }
}
