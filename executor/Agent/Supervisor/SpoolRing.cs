using Microsoft.Win32.SafeHandles;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// The bytes of a spool: in a file of fixed size, which is allocated at once so that a disk that fills up later (often the job's own
/// doing) cannot lose output; if even that fails, in memory, and less of it.
/// </summary>
internal sealed class SpoolRing : IDisposable
{
    /// <summary>Bytes without a file.</summary>
    public const int MemoryCapacity = 256 * 1024;

    private readonly SafeFileHandle? _file;
    private readonly byte[]? _memory;

    private SpoolRing(SafeFileHandle file, int capacity) => (_file, Capacity) = (file, capacity);

    private SpoolRing() => (_memory, Capacity) = (new byte[MemoryCapacity], MemoryCapacity);

    public long Capacity { get; }

    /// <summary>Never fails: whatever is wrong with the path, memory serves.</summary>
    public static SpoolRing Create(string path, int capacity)
    {
        SafeFileHandle? file = null;
        try
        {
            StateEntry.Clear(path);
            file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite);
            File.Delete(path);
            if (Libc.Allocate((int)file.DangerousGetHandle(), 0, capacity) == 0)
            {
                return new SpoolRing(file, capacity);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Memory it is.
        }

        file?.Dispose();
        return new SpoolRing();
    }

    /// <param name="position">Counted since the beginning; what stands a ring earlier is overwritten.</param>
    /// <exception cref="IOException">The disk fails.</exception>
    public void Write(long position, ReadOnlySpan<byte> data)
    {
        var at = position % Capacity;
        var first = (int)Math.Min(data.Length, Capacity - at);
        WriteAt(at, data[..first]);
        WriteAt(0, data[first..]);
    }

    /// <exception cref="IOException">The disk fails.</exception>
    public void Read(long position, Span<byte> data)
    {
        var at = position % Capacity;
        var first = (int)Math.Min(data.Length, Capacity - at);
        ReadAt(at, data[..first]);
        ReadAt(0, data[first..]);
    }

    public void Dispose() => _file?.Dispose();

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
            data = read > 0 ? data[read..] : throw new IOException("the spool file was cut short");
            at += read;
        }
    }
}
