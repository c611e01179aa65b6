using System.Buffers.Binary;
using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>
/// Reads a zip's central directory (APPNOTE 6.3.10, Info-ZIP's extra fields). .NET's own reader knows neither zstd (method 93, which
/// gitlab-runner's "zipzstd" writes) nor owners, and names that are not UTF-8 lose their bytes.
/// </summary>
internal static class ZipDirectory
{
    private const int EndLength = 22;
    private const int LongestComment = 0xFFFF;
    private const int LocatorLength = 20;
    private const int EntryLength = 46;
    private const int MostBytes = 128 << 20;

    /// <exception cref="CacheDamagedException">It has none that makes sense.</exception>
    public static List<ZipEntry> Read(int fd, long size)
    {
        var tail = Bytes(fd, Math.Max(0, size - EndLength - LongestComment), size);
        var at = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (at < 0 || tail.Length - at < EndLength)
        {
            throw Damage("its end is missing");
        }

        var end = tail.AsSpan(at);
        var endOffset = size - tail.Length + at;
        long count = U16(end, 10), length = U32(end, 12), offset = U32(end, 16);
        if (count == 0xFFFF || length == uint.MaxValue || offset == uint.MaxValue)
        {
            (count, length, offset) = Large(fd, endOffset, (count, length, offset));
        }

        if (offset < 0 || length < 0 || length > MostBytes || offset > endOffset || length > endOffset - offset || count > length / EntryLength)
        {
            throw Damage("its directory is not where it says");
        }

        var entries = Entries(Bytes(fd, offset, offset + length), (int)count);
        RefuseOverlaps(entries, offset);
        return entries;
    }

    private static (long Count, long Length, long Offset) Large(int fd, long endOffset, (long, long, long) small)
    {
        if (endOffset < LocatorLength)
        {
            return small;
        }

        var locator = Bytes(fd, endOffset - LocatorLength, endOffset);
        if (!locator.AsSpan().StartsWith("PK\u0006\u0007"u8))
        {
            return small;
        }

        const int recordLength = 56;
        var at = I64(locator, 8);
        if (at < 0 || at > endOffset - recordLength)
        {
            throw Damage("its end is missing");
        }

        var record = Bytes(fd, at, at + recordLength);
        return record.AsSpan().StartsWith("PK\u0006\u0006"u8) ? (I64(record, 32), I64(record, 40), I64(record, 48)) : throw Damage("its end is missing");
    }

    private static List<ZipEntry> Entries(byte[] directory, int count)
    {
        var entries = new List<ZipEntry>(count);
        ReadOnlySpan<byte> rest = directory;
        for (var i = 0; i < count; i++)
        {
            if (rest.Length < EntryLength || !rest.StartsWith("PK\u0001\u0002"u8))
            {
                throw Damage("its directory is cut");
            }

            int name = U16(rest, 28), extra = U16(rest, 30), comment = U16(rest, 32);
            if (rest.Length < EntryLength + name + extra + comment)
            {
                throw Damage("its directory is cut");
            }

            entries.Add(Entry(rest, rest.Slice(EntryLength, name), rest.Slice(EntryLength + name, extra)));
            rest = rest[(EntryLength + name + extra + comment)..];
        }

        return entries;
    }

    private static ZipEntry Entry(ReadOnlySpan<byte> header, ReadOnlySpan<byte> name, ReadOnlySpan<byte> extra)
    {
        const int encrypted = 1;
        if ((U16(header, 8) & encrypted) != 0)
        {
            throw Damage($"{EntryPath.Show(name)} is encrypted");
        }

        var fields = new ZipExtraFields(U32(header, 20), U32(header, 24), U32(header, 42));
        fields.Read(extra);
        const int unix = 3;
        var mode = header[5] == unix ? U32(header, 38) >> 16 : 0;
        var kind = name is [.., (byte)'/'] ? ZipEntryKind.Directory : (mode & 0xF000) switch
        {
            0 or 0x8000 => ZipEntryKind.File,
            0x4000 => ZipEntryKind.Directory,
            0xA000 => ZipEntryKind.Link,
            _ => ZipEntryKind.Special,
        };
        var permissions = mode != 0 ? mode & 0xFFF : kind == ZipEntryKind.Directory ? 0x1EDu : 0x1A4u;
        var modified = fields.Modified ?? DosTime(U16(header, 14), U16(header, 12));
        return new ZipEntry(
            name.ToArray(), U16(header, 10), U32(header, 16), fields.StoredLength, fields.Length, fields.HeaderOffset,
            new NameAttributes(permissions, fields.Uid, fields.Gid, new FileTime(modified, 0)), kind);
    }

    // One piece of the file as the content of a thousand entries is how small bombs are made.
    private static void RefuseOverlaps(List<ZipEntry> entries, long directory)
    {
        var end = 0L;
        foreach (var entry in entries.OrderBy(e => e.HeaderOffset))
        {
            if (entry.HeaderOffset < end || entry.StoredLength < 0 || entry.Length < 0 || entry.HeaderOffset > directory || entry.StoredLength > directory - entry.HeaderOffset)
            {
                throw Damage($"{EntryPath.Show(entry.Name)} is not where it says");
            }

            end = entry.HeaderOffset + ZipExtraction.HeaderLength + entry.StoredLength;
        }
    }

    private static long DosTime(int date, int time)
    {
        try
        {
            var moment = new DateTime(
                1980 + (date >> 9), (date >> 5) & 15, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2, DateTimeKind.Utc);
            return (long)(moment - DateTime.UnixEpoch).TotalSeconds;
        }
        catch (ArgumentOutOfRangeException)
        {
            return 0;
        }
    }

    internal static byte[] Bytes(int fd, long from, long to)
    {
        var bytes = new byte[to - from];
        return Save.FileReading.Read(fd, bytes, from) == bytes.Length ? bytes : throw Damage("it is cut");
    }

    internal static CacheDamagedException Damage(string how) => new($"the archive is no zip that can be read: {how}.");

    internal static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    internal static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long I64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
}
