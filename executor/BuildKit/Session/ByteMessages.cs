using System.Buffers;

namespace PodExecutor.BuildKit.Session;

/// <summary>Streams of BytesMessage{data=1}: uploads, agents, archives.</summary>
internal static class ByteMessages
{
    private const int ChunkSize = 32 * 1024;

    private const byte DataTag = 0x0a;

    /// <returns>null: the daemon has sent all.</returns>
    public static async ValueTask<PooledBytes?> ReadAsync(SessionCall call)
    {
        var slot = new Slot();
        return await call.ReadAsync(slot, static (slot, message) => slot.Data = PooledBytes.FromMessage(message)).ConfigureAwait(false) ? slot.Data : null;
    }

    /// <summary>Sends a stream to its end.</summary>
    public static async Task SendAllAsync(SessionCall call, Stream source)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
        try
        {
            int count;
            while ((count = await source.ReadAsync(buffer.AsMemory(0, ChunkSize), call.Cancelled).ConfigureAwait(false)) > 0)
            {
                Write(call, buffer.AsSpan(0, count));
                await call.FlushAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Write(SessionCall call, ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[8];
        head[0] = DataTag;
        var size = 1 + SessionProtocol.WriteVarint(head[1..], (uint)data.Length);
        SessionCall.WritePrefix(call.Output, size + data.Length);
        call.Output.Write(head[..size]);
        call.Output.Write(data);
    }

    private sealed class Slot
    {
        public PooledBytes? Data { get; set; }
    }
}
