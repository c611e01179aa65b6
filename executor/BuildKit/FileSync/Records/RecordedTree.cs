using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using PodExecutor.BuildKit.FileSync.Disk;
using PodExecutor.BuildKit.FileSync.Send;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Records;

/// <summary>A folder as it was told before.</summary>
/// <param name="folder">The transfer's record.</param>
internal sealed class RecordedTree(string folder, string root) : ISentTree
{
    private readonly Lock _lock = new();

    /// <summary>By entry.</summary>
    private readonly List<(long Size, long Modified)> _files = [];

    public string Root => root;

    public IEnumerable<Stat> Tell()
    {
        using var entries = OpenEntries();
        var buffer = new byte[1024];
        while (entries.ReadAtLeast(buffer.AsSpan(0, RecordWriter.LengthSize), RecordWriter.LengthSize, throwOnEndOfStream: false) == RecordWriter.LengthSize)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(buffer);
            if (length > buffer.Length)
            {
                buffer = new byte[length];
            }

            entries.ReadExactly(buffer, 0, length);
            var stat = Stat.Parser.ParseFrom(buffer, 0, length);
            lock (_lock)
            {
                _files.Add((stat.Size, stat.ModTime));
            }

            yield return stat;
        }
    }

    public SafeFileHandle? Open(uint number, string path)
    {
        var copy = RecordWriter.Copy(folder, number);
        if (File.Exists(copy))
        {
            return NativeFile.OpenRead(copy);
        }

        (long, long) then;
        lock (_lock)
        {
            then = _files[(int)number];
        }

        var full = Path.Combine(root, path);
        return NativeFile.Stat(full) is { IsRegular: true } now && (now.Size, now.ModifiedNanoseconds) == then
            ? NativeFile.OpenRead(full)
            : throw new SyncRecordException(full, $"{full} has changed since it was recorded, and the daemon asks for it.");
    }

    public void Dispose()
    {
    }

    private FileStream OpenEntries()
    {
        try
        {
            return new FileStream(Path.Combine(folder, RecordWriter.Entries), FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SyncRecordException(root, $"The daemon asks for what was not recorded of {root}.", error);
        }
    }
}
