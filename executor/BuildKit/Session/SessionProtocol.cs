using System.Buffers;
using Google.Protobuf;
using Grpc.Core;

namespace PodExecutor.BuildKit.Session;

/// <summary>Control.Session: a byte stream in both directions, in messages of one field.</summary>
internal static class SessionProtocol
{
    public const string IdHeader = "x-docker-expose-session-uuid";
    public const string SharedKeyHeader = "x-docker-expose-session-sharedkey";
    public const string MethodHeader = "x-docker-expose-session-grpc-method";

    private const byte DataTag = 0x0a;   // field 1, length-delimited

    /// <summary>Declared by hand, because a generated message copies its bytes twice more.</summary>
    public static Method<BytesChunk, PooledBytes> Method { get; } = new(
        MethodType.DuplexStreaming,
        "moby.buildkit.v1.Control",
        "Session",
        Marshallers.Create<BytesChunk>(Serialize, _ => throw new NotSupportedException("only sent")),
        Marshallers.Create<PooledBytes>((_, _) => throw new NotSupportedException("only received"), Deserialize));

    private static void Serialize(BytesChunk chunk, SerializationContext context)
    {
        var data = chunk.Data;
        var length = checked((int)data.Length);
        context.SetPayloadLength(1 + CodedOutputStream.ComputeLengthSize(length) + length);
        var output = context.GetBufferWriter();
        WriteBytesHeader(output, DataTag, length);
        foreach (var piece in data)
        {
            output.Write(piece.Span);
        }

        context.Complete();
    }

    private static PooledBytes Deserialize(DeserializationContext context) => PooledBytes.FromMessage(context.PayloadAsReadOnlySequence());

    /// <summary>Tag and length of a bytes field.</summary>
    public static void WriteBytesHeader(IBufferWriter<byte> output, byte tag, int length)
    {
        const int longest = 6;
        var span = output.GetSpan(longest);
        span[0] = tag;
        output.Advance(1 + WriteVarint(span[1..], (uint)length));
    }

    /// <returns>The number of bytes written, 1 to 5.</returns>
    public static int WriteVarint(Span<byte> span, uint value)
    {
        var count = 0;
        while (value >= 0x80)
        {
            span[count++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[count++] = (byte)value;
        return count;
    }

    /// <summary>The content of field 1 of a message that has only this bytes field.</summary>
    /// <exception cref="SessionFault">It is no such message.</exception>
    public static ReadOnlySequence<byte> ReadBytesMessage(ReadOnlySequence<byte> message)
    {
        if (message.IsEmpty)
        {
            return message;
        }

        var reader = new SequenceReader<byte>(message);
        uint length = 0;
        if (!reader.TryRead(out var tag) || tag != DataTag)
        {
            throw Damaged();
        }

        for (var shift = 0; ; shift += 7)
        {
            if (shift > 28 || !reader.TryRead(out var b))
            {
                throw Damaged();
            }

            length |= (uint)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                break;
            }
        }

        return reader.Remaining == length ? reader.UnreadSequence : throw Damaged();
    }

    private static SessionFault Damaged() => new(StatusCode.Internal, "a message of bytes is damaged");
}

/// <summary>Bytes where they lie: valid until they are written.</summary>
internal sealed class BytesChunk
{
    public ReadOnlySequence<byte> Data { get; set; }
}

/// <summary>Bytes in a rented array, which goes back when this is disposed.</summary>
internal sealed class PooledBytes : IDisposable
{
    private byte[]? _array;

    private readonly int _length;

    private PooledBytes(ReadOnlySequence<byte> data)
    {
        _length = checked((int)data.Length);
        _array = ArrayPool<byte>.Shared.Rent(Math.Max(1, _length));
        data.CopyTo(_array);
    }

    public ReadOnlyMemory<byte> Memory => _array.AsMemory(0, _length);

    public static PooledBytes FromMessage(ReadOnlySequence<byte> message) => new(SessionProtocol.ReadBytesMessage(message));

    public void Dispose()
    {
        if (_array is { } array)
        {
            _array = null;
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
