using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace PodExecutor.BuildKit.Ssh;

/// <summary>SSH's wire format (RFC 4251, 5).</summary>
internal sealed class SshWriter
{
    private readonly ArrayBufferWriter<byte> _data = new();

    public void WriteByte(byte value) => _data.Write([value]);

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_data.GetSpan(sizeof(uint)), value);
        _data.Advance(sizeof(uint));
    }

    public void WriteString(string value) => WriteString(Encoding.UTF8.GetBytes(value));

    public void WriteString(ReadOnlySpan<byte> value)
    {
        WriteUInt32((uint)value.Length);
        _data.Write(value);
    }

    /// <summary>A number that is not negative, from its big-endian bytes.</summary>
    public void WriteNumber(ReadOnlySpan<byte> value)
    {
        value = value.TrimStart((byte)0);
        var signBit = !value.IsEmpty && (value[0] & 0x80) != 0;
        WriteUInt32((uint)value.Length + (signBit ? 1u : 0));
        if (signBit)
        {
            WriteByte(0);
        }

        _data.Write(value);
    }

    public byte[] ToArray() => _data.WrittenSpan.ToArray();
}
