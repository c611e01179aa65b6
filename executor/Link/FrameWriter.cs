using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;

namespace PodExecutor.Link;

/// <summary>Writes frames: a big-endian 32-bit length, then the protobuf message. Safe for several writers at once.</summary>
public sealed class FrameWriter<TFrame>(Stream stream) : IDisposable
    where TFrame : IMessage<TFrame>
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Sends one frame and flushes it.</summary>
    /// <exception cref="IOException">The stream is cut.</exception>
    public async Task WriteAsync(TFrame frame, CancellationToken cancel)
    {
        var size = frame.CalculateSize();
        var buffer = ArrayPool<byte>.Shared.Rent(size + sizeof(int));
        await _turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer, size);
            frame.WriteTo(buffer.AsSpan(sizeof(int), size));
            await stream.WriteAsync(buffer.AsMemory(0, size + sizeof(int)), cancel).ConfigureAwait(false);
            await stream.FlushAsync(cancel).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Dispose() => _turn.Dispose();
}
