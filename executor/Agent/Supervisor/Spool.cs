using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// A stage's output between the script and the driver: a ring of bytes. It stands in for the driver while the link is cut.
/// When it is full, the script's next write waits, as it would on a slow pipe: no byte is lost.
/// </summary>
/// <remarks>
/// A position counts bytes since the stage began. A writer waits only while a whole ring is unacknowledged, and a driver that has
/// everything holds back less than <see cref="AckWindow"/>, a quarter of the ring: the two never wait for each other.
/// </remarks>
internal sealed class Spool : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _grown = new(0, 1);
    private readonly ManualResetEventSlim _room = new(true);
    private readonly SpoolRing _ring;
    private byte[] _rest = [];
    private long _written;
    private long _acknowledged;
    private State _state;

    /// <param name="path">The file is created, and deleted at once: only this process holds it.</param>
    /// <param name="capacity">Bytes on disk.</param>
    public Spool(string path, int capacity) => _ring = SpoolRing.Create(path, capacity);

    private enum State
    {
        Open,

        /// <summary>No writer waits any more: what has no room is for <see cref="Complete"/>.</summary>
        Hurried,
        Completed,
        Closed,
    }

    /// <summary>The driver acknowledges when so many bytes are unacknowledged: at the latest.</summary>
    public int AckWindow => (int)Math.Min(_ring.Capacity / 4, LinkProtocol.AckEvery);

    /// <summary>The position behind the last byte.</summary>
    public long Written
    {
        get
        {
            lock (_lock)
            {
                return _written + _rest.Length;
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

    /// <summary>Adds the data; waits while there is no room. Only for a thread that may block.</summary>
    /// <returns>
    /// The bytes that were taken: all, unless <see cref="StopWaiting"/> came in between. After <see cref="Dispose"/> the data is dropped.
    /// </returns>
    public int Append(ReadOnlySpan<byte> data)
    {
        var taken = 0;
        while (taken < data.Length)
        {
            int stored;
            lock (_lock)
            {
                if (_state is State.Closed or State.Completed)
                {
                    return data.Length;
                }

                stored = Store(data[taken..]);
                taken += stored;
                if (stored == 0 && _state == State.Hurried)
                {
                    return taken;
                }

                if (stored == 0)
                {
                    _room.Reset();
                }
            }

            if (stored > 0)
            {
                Pulse();
            }
            else
            {
                _room.Wait();
            }
        }

        return taken;
    }

    /// <summary>Releases a writer that waits for room, now and from now on: the stage's shell has ended.</summary>
    public void StopWaiting()
    {
        lock (_lock)
        {
            _state = _state == State.Open ? State.Hurried : _state;
            _room.Set();
        }
    }

    /// <summary>Adds the last data without waiting: what has no room is kept in memory. It is as much as a pipe holds.</summary>
    public void Complete(ReadOnlySpan<byte> last)
    {
        lock (_lock)
        {
            if (_state is State.Closed or State.Completed)
            {
                return;
            }

            _rest = last[Store(last)..].ToArray();
            _state = State.Completed;
            _room.Set();
        }

        Pulse();
    }

    /// <summary>Reads what there is from <paramref name="position"/> on, as much as <paramref name="buffer"/> holds.</summary>
    /// <param name="next">The position behind what was read.</param>
    /// <returns>The bytes read; 0 if there are none yet.</returns>
    public int Read(long position, Span<byte> buffer, out long next)
    {
        lock (_lock)
        {
            next = position;
            if (_state == State.Closed || position < _acknowledged)
            {
                return 0;
            }

            var count = (int)Math.Clamp(_written - position, 0, buffer.Length);
            if (count > 0)
            {
                _ring.Read(position, buffer[..count]);
            }
            else if (position - _written < _rest.Length)
            {
                var rest = _rest.AsSpan((int)(position - _written));
                count = Math.Min(rest.Length, buffer.Length);
                rest[..count].CopyTo(buffer);
            }

            next += count;
            return count;
        }
    }

    /// <summary>Forgets everything before <paramref name="position"/>.</summary>
    public void Acknowledge(long position)
    {
        lock (_lock)
        {
            if (position > _acknowledged && position <= _written + _rest.Length)
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

    /// <summary>Waits for new data or a pulse.</summary>
    /// <returns>False if neither came within <paramref name="timeout"/>.</returns>
    public Task<bool> WaitAsync(TimeSpan timeout, CancellationToken cancel) => _grown.WaitAsync(timeout, cancel);

    public void Dispose()
    {
        lock (_lock)
        {
            _state = State.Closed;
            _room.Set();
            _ring.Dispose();
        }
    }

    private int Store(ReadOnlySpan<byte> data)
    {
        var count = (int)Math.Clamp(_ring.Capacity - (_written - _acknowledged), 0, data.Length);
        try
        {
            _ring.Write(_written, data[..count]);
            _written += count;
            return count;
        }
        catch (IOException e)
        {
            // The pod's log is the only place left to say so. The stage and its end do not depend on its output.
            Console.Error.WriteLine($"pod-agent: the rest of the stage's output is lost: {e.Message}");
            _state = State.Completed;
            return data.Length;
        }
    }
}
