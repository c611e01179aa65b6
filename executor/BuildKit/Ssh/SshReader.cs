using System.Buffers.Binary;

namespace PodExecutor.BuildKit.Ssh;

/// <summary>SSH's wire format (RFC 4251, 5).</summary>
internal ref struct SshReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _data = data;

    public bool TryReadUInt32(out uint value)
    {
        if (!BinaryPrimitives.TryReadUInt32BigEndian(_data, out value))
        {
            return false;
        }

        _data = _data[sizeof(uint)..];
        return true;
    }

    public bool TryReadString(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryReadUInt32(out var length) || length > _data.Length)
        {
            return false;
        }

        value = _data[..(int)length];
        _data = _data[(int)length..];
        return true;
    }
}
