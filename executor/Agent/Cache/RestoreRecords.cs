using Google.Protobuf;
using PodExecutor.Agent.Native;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache;

/// <summary>What the restores of a job left behind for its saves. Losing it costs time, never correctness.</summary>
internal sealed class RestoreRecords(string directory)
{
    private const string Files = "cache-restored-";

    /// <summary>Apart from the files: a save that finds all unchanged reads only these few bytes.</summary>
    private const string Wholes = "cache-whole-";

    public void Add(RestoreRecord record) => Write(Files, record);

    public void Add(WholeRestore whole) => Write(Wholes, whole);

    /// <summary>All of them; of two about one file either will do, for at most one still tells the truth.</summary>
    public IEnumerable<RestoreRecord> Read() => Read(Files, RestoreRecord.Parser);

    public IReadOnlyList<WholeRestore> ReadWholes() => [.. Read(Wholes, WholeRestore.Parser)];

    private void Write(string prefix, IMessage message)
    {
        try
        {
            Directory.CreateDirectory(directory);
            using var file = File.Create(Path.Combine(directory, prefix + Guid.NewGuid().ToString("N")));
            message.WriteTo(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The saves then read all files.
        }
    }

    private IEnumerable<T> Read<T>(string prefix, MessageParser<T> parser)
        where T : IMessage<T>
    {
        string[] files;
        try
        {
            files = Directory.Exists(directory) ? Directory.GetFiles(directory, prefix + "*") : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            files = [];
        }

        foreach (var file in files)
        {
            T record;
            try
            {
                record = parser.ParseFrom(File.ReadAllBytes(file));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidProtocolBufferException)
            {
                continue;
            }

            yield return record;
        }
    }

    public static RestoredFile Describe(byte[] path, in FileStat stat, IEnumerable<Chunk> chunks) => new()
    {
        Path = UnsafeByteOperations.UnsafeWrap(path),
        Size = (ulong)stat.Size,
        MtimeSeconds = stat.Modified.Seconds,
        MtimeNanos = stat.Modified.Nanoseconds,
        CtimeSeconds = stat.Changed.Seconds,
        CtimeNanos = stat.Changed.Nanoseconds,
        Inode = stat.Inode,
        Device = stat.Device,
        Chunks = { chunks.Select(c => new RestoredChunk { FileOffset = c.FileOffset, Length = c.Length, Digest = c.Digest }) },
    };

    /// <summary>True if the file is still as it was restored.</summary>
    public static bool IsStill(RestoredFile file, in FileStat stat) =>
        (long)file.Size == stat.Size && file.Inode == stat.Inode && file.Device == stat.Device
        && new FileTime(file.MtimeSeconds, file.MtimeNanos) == stat.Modified && new FileTime(file.CtimeSeconds, file.CtimeNanos) == stat.Changed;
}
