using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using PodExecutor.Agent.Native;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// A stage's output between the script and the driver: a ring of records in one file of fixed size. It stands in for the
/// driver while the link is cut. When it is full the script's next write waits, as it would on a slow pipe: no byte is lost.
/// </summary>
/// <remarks>
/// A position counts record bytes since the stage began and is opaque to the driver. The file is allocated at once, so that a
/// disk that fills up later (often the job's own doing) cannot lose output; where even that fails a small ring in memory serves.
/// </remarks>
internal sealed class Spool : IDisposable
{
    private const int HeaderSize = 5;
    private const int MemoryCapacity = 256 * 1024;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _grown = new(0, 1);
    private readonly ManualResetEventSlim _room = new(true);
    private readonly SafeFileHandle? _file;
    private readonly byte[]? _memory;
    private readonly long _capacity;
    private long _written;
    private long _acknowledged;
    private bool _closed;

    /// <param name="path">The file is created, and deleted at once: only this process holds it.</param>
    /// <param name="capacity">Bytes on disk.</param>
    public Spool(string path, int capacity)
    {
        try
        {
            File.Delete(path);
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
            File.Delete(path);
            if (Libc.Allocate((int)_file.DangerousGetHandle(), 0, capacity) == 0)
            {
                _capacity = capacity;
                return;
            }

            _file.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _file?.Dispose();
        }

        _file = null;
        _memory = new byte[MemoryCapacity];
        _capacity = MemoryCapacity;
    }

    /// <summary>The position behind the last record.</summary>
    public long Written
    {
        get
        {
            lock (_lock)
            {
                return _written;
            }
        }
    }

    /// <summary>The position before which everything is forgotten.</summary>
    public long Acknowledged
    {
        get
        {
            lock (_lock)
            {
                return _acknowledged;
            }
        }
    }

    /// <summary>Adds a record; waits while there is no room. After <see cref="Dispose"/> the data is dropped.</summary>
    public void Append(Channel channel, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, Math.Min(LinkProtocol.ChunkSize, (int)_capacity / 4))];
            AppendRecord(channel, part);
            data = data[part.Length..];
        }
    }

    /// <summary>Reads the record at <paramref name="position"/> into <paramref name="buffer"/>.</summary>
    /// <param name="buffer">At least <see cref="LinkProtocol.ChunkSize"/> bytes.</param>
    /// <returns>The data's length; 0 if there is no record yet.</returns>
    public int Read(long position, byte[] buffer, out Channel channel, out long next)
    {
        channel = default;
        next = position;
        lock (_lock)
        {
            if (_closed || position >= _written)
            {
                return 0;
            }
        }

        // The record cannot be overwritten meanwhile: only what was acknowledged is, and the reader is ahead of that.
        Span<byte> header = stackalloc byte[HeaderSize];
        Fetch(position, header);
        channel = (Channel)header[0];
        var length = BinaryPrimitives.ReadInt32BigEndian(header[1..]);
        Fetch(position + HeaderSize, buffer.AsSpan(0, length));
        next = position + HeaderSize + length;
        return length;
    }

    /// <summary>Forgets everything before <paramref name="position"/>.</summary>
    public void Acknowledge(long position)
    {
        lock (_lock)
        {
            if (position > _acknowledged && position <= _written)
            {
                _acknowledged = position;
                _room.Set();
            }
        }
    }

    /// <summary>Wakes whoever waits in <see cref="WaitAsync"/>.</summary>
    public void Pulse()
    {
        lock (_lock)
        {
            if (_grown.CurrentCount == 0)
            {
                _grown.Release();
            }
        }
    }

    /// <summary>Waits for a new record or a pulse.</summary>
    /// <returns>False if neither came within <paramref name="timeout"/>.</returns>
    public Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancel) => _grown.WaitAsync(timeout, cancel);

    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _room.Set();
            _file?.Dispose();
        }
    }

    private void AppendRecord(Channel channel, ReadOnlySpan<byte> data)
    {
        var size = HeaderSize + data.Length;
        while (true)
        {
            lock (_lock)
            {
                if (_closed)
                {
                    return;
                }

                if (_written + size - _acknowledged <= _capacity)
                {
                    Span<byte> header = stackalloc byte[HeaderSize];
                    header[0] = (byte)channel;
                    BinaryPrimitives.WriteInt32BigEndian(header[1..], data.Length);
                    Store(_written, header);
                    Store(_written + HeaderSize, data);
                    _written += size;
                    break;
                }

                _room.Reset();
            }

            _room.Wait();
        }

        Pulse();
    }

    private void Store(long position, ReadOnlySpan<byte> data)
    {
        var at = position % _capacity;
        var first = (int)Math.Min(data.Length, _capacity - at);
        WriteAt(at, data[..first]);
        WriteAt(0, data[first..]);
    }

    private void Fetch(long position, Span<byte> data)
    {
        var at = position % _capacity;
        var first = (int)Math.Min(data.Length, _capacity - at);
        ReadAt(at, data[..first]);
        ReadAt(0, data[first..]);
    }

    private void WriteAt(long at, ReadOnlySpan<byte> data)
    {
        if (_memory is not null)
        {
            data.CopyTo(_memory.AsSpan((int)at));
        }
        else if (!data.IsEmpty)
        {
            RandomAccess.Write(_file!, data, at);
        }
    }

    private void ReadAt(long at, Span<byte> data)
    {
        if (_memory is not null)
        {
            _memory.AsSpan((int)at, data.Length).CopyTo(data);
            return;
        }

        while (!data.IsEmpty)
        {
            var read = RandomAccess.Read(_file!, data, at);
            data = read > 0 ? data[read..] : throw new IOException("The spool file was cut short.");
            at += read;
        }
    }
}
