using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Cache;

namespace PodExecutor.Agent.Cache;

/// <summary>What tells that content is known already: the first 20 bytes of its SHA-256.</summary>
internal readonly record struct ContentDigest(ulong First, ulong Second, uint Third)
{
    public static ContentDigest Of(ReadOnlySpan<byte> content)
    {
        Span<byte> sha256 = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, sha256);
        return Read(sha256);
    }

    public static ContentDigest Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]));

    public ByteString ToBytes()
    {
        var bytes = new byte[ManifestLimits.ChunkDigestLength];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, First);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8), Second);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), Third);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>SHA-256 is even in all its bits.</summary>
    public override int GetHashCode() => (int)First;
}
