using System.Buffers.Binary;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>Zip64's lengths, Unix times and Unix owners of one entry. What is damaged counts as not given.</summary>
internal ref struct ZipExtraFields(uint storedLength, uint length, uint headerOffset)
{
    private const int Large = 0x0001;
    private const int Times = 0x5455;
    private const int Owner = 0x7875;

    public long StoredLength { get; private set; } = storedLength;

    public long Length { get; private set; } = length;

    public long HeaderOffset { get; private set; } = headerOffset;

    /// <summary>Seconds since 1970, or null.</summary>
    public long? Modified { get; private set; }

    public uint Uid { get; private set; } = Native.Libc.GetUid();

    public uint Gid { get; private set; } = Native.Libc.GetGid();

    public void Read(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int id = BinaryPrimitives.ReadUInt16LittleEndian(extra), size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4)
            {
                return;
            }

            var field = extra.Slice(4, size);
            extra = extra[(4 + size)..];
            switch (id)
            {
                case Large:
                    ReadLarge(field);
                    break;
                case Times when field.Length >= 5 && (field[0] & 1) != 0:
                    Modified = BinaryPrimitives.ReadInt32LittleEndian(field[1..]);
                    break;
                case Owner when field.Length >= 11 && field[0] == 1 && field[1] == 4 && field[6] == 4:
                    Uid = BinaryPrimitives.ReadUInt32LittleEndian(field[2..]);
                    Gid = BinaryPrimitives.ReadUInt32LittleEndian(field[7..]);
                    break;
                default:
                    break;
            }
        }
    }

    // Only those that did not fit into the header, in this order.
    private void ReadLarge(ReadOnlySpan<byte> field)
    {
        Length = Next(Length, ref field);
        StoredLength = Next(StoredLength, ref field);
        HeaderOffset = Next(HeaderOffset, ref field);
    }

    private static long Next(long small, ref ReadOnlySpan<byte> field)
    {
        if (small != uint.MaxValue || field.Length < 8)
        {
            return small;
        }

        var value = BinaryPrimitives.ReadInt64LittleEndian(field);
        field = field[8..];
        return value;
    }
}
