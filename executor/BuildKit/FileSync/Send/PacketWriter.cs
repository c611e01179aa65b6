using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Send;

/// <summary>Writes packets of several senders to one call, whole packets at a time. Small ones travel together.</summary>
/// <param name="moreComes">
/// Whether a packet will certainly follow that nobody has written yet: then this one need not travel by itself. Asked while no other packet can be written, so
/// that the last one always travels.
/// </param>
internal sealed class PacketWriter(SessionCall call, Func<bool> moreComes, CancellationToken cancellation) : IDisposable
{
    /// <summary>Below Go's 4 MiB for a message, above the size where a packet's own cost counts.</summary>
    public const int MaxData = 64 * 1024;

    private const int FlushSize = 64 * 1024;

    private const byte TypeTag = 0x08;
    private const byte IdTag = 0x18;
    private const byte DataTag = 0x22;
    private const byte DataType = 2;
    private const int LongestHead = 14;

    private readonly SemaphoreSlim _lock = new(1, 1);

    private int _unflushed;

    public async ValueTask WriteAsync(Packet packet)
    {
        await _lock.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            call.Write(packet);
            await WrittenAsync(packet.CalculateSize()).ConfigureAwait(false);
        }
        finally
        {
            _lock.Release();
        }
    }

    /// <summary>A piece of a file, and its end if that was the last one.</summary>
    /// <param name="data">At most <see cref="MaxData"/> bytes.</param>
    public async ValueTask WriteDataAsync(uint id, ReadOnlyMemory<byte> data, bool end)
    {
        await _lock.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (!data.IsEmpty)
            {
                Write(id, data.Span);
            }

            if (end)
            {
                Write(id, default);
            }

            await WrittenAsync(data.Length + (2 * LongestHead)).ConfigureAwait(false);
        }
        finally
        {
            _lock.Release();
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Packet{type=1, ID=3, data=4}; without data it is the end of the file.</summary>
    private void Write(uint id, ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[LongestHead];
        head[0] = TypeTag;
        head[1] = DataType;
        head[2] = IdTag;
        var size = 3 + SessionProtocol.WriteVarint(head[3..], id);
        if (!data.IsEmpty)
        {
            head[size++] = DataTag;
            size += SessionProtocol.WriteVarint(head[size..], (uint)data.Length);
        }

        SessionCall.WritePrefix(call.Output, size + data.Length);
        Copy(head[..size]);
        Copy(data);
    }

    private void Copy(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var span = call.Output.GetSpan();
            var count = Math.Min(span.Length, data.Length);
            data[..count].CopyTo(span);
            call.Output.Advance(count);
            data = data[count..];
        }
    }

    private async ValueTask WrittenAsync(int size)
    {
        _unflushed += size;
        if (!moreComes() || _unflushed >= FlushSize)
        {
            _unflushed = 0;
            await call.FlushAsync(cancellation).ConfigureAwait(false);
        }
    }
}
