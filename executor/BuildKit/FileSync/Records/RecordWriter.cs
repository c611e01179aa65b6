using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using PodExecutor.BuildKit.FileSync.Disk;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Records;

/// <summary>Writes one transfer down: a folder with the entries in their order and copies of small files, which is there as a whole or not at all.</summary>
internal sealed class RecordWriter : IDisposable
{
    /// <summary>The file of the entries: of each the length of its message, four bytes with the lowest first, and the message.</summary>
    public const string Entries = "entries";

    public const int LengthSize = sizeof(int);

    private const int FlushSize = 64 * 1024;

    private readonly SyncRecord _limits;
    private readonly string _folder;
    private readonly string _unfinished;
    private readonly FileStream _entries;
    private readonly ArrayBufferWriter<byte> _buffer = new(FlushSize);
    private int _count;
    private int _copies;
    private long _copied;

    /// <param name="folder">Of this transfer.</param>
    /// <exception cref="LocalFileException">The record cannot be written.</exception>
    public RecordWriter(SyncRecord limits, string folder)
    {
        (_limits, _folder, _unfinished) = (limits, folder, $"{folder}.{Guid.NewGuid():N}");
        _entries = Guarded(() =>
        {
            Directory.CreateDirectory(_unfinished);
            return File.Create(Path.Combine(_unfinished, Entries));
        });
    }

    /// <summary>Where a record has the copy of a file.</summary>
    public static string Copy(string folder, long number) => Path.Combine(folder, number.ToString(CultureInfo.InvariantCulture));

    public void Add(Stat stat, string file)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(LengthSize), stat.CalculateSize());
        _buffer.Advance(LengthSize);
        stat.WriteTo(_buffer);
        if (_buffer.WrittenCount >= FlushSize)
        {
            Flush();
        }

        var number = _count++;
        if (GoFileMode.IsRegular(stat.Mode) && stat.Linkname.Length == 0 && stat.Size <= _limits.LargestCopy && _copied + stat.Size <= _limits.MaxCopies && _copies < _limits.MostCopies)
        {
            TryCopy(stat, file, Copy(_unfinished, number));
        }
    }

    public void Complete()
    {
        Flush();
        _entries.Dispose();
        try
        {
            Directory.Move(_unfinished, _folder);
        }
        catch (IOException) when (Directory.Exists(_folder))
        {
            // Another transfer of the same build, to another daemon perhaps, has told the same.
        }
    }

    public void Dispose()
    {
        _entries.Dispose();
        if (Directory.Exists(_unfinished))
        {
            Directory.Delete(_unfinished, recursive: true);
        }
    }

    private void Flush()
    {
        Guarded(() =>
        {
            _entries.Write(_buffer.WrittenSpan);
            return true;
        });
        _buffer.ResetWrittenCount();
    }

    private void TryCopy(Stat stat, string file, string copy)
    {
        try
        {
            File.Copy(file, copy);
            (_copies, _copied) = (_copies + 1, _copied + stat.Size);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has gone, is a socket, or may not be read: if the daemon asks for it, that is told then.
        }
    }

    private T Guarded<T>(Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LocalFileException(_unfinished, $"What is sent to the daemon cannot be recorded in {_unfinished}: {error.Message}", error);
        }
    }
}
