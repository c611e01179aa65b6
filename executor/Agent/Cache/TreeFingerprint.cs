using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache;

/// <summary>
/// One digest over all names of a cache, in the order of a manifest. A save that finds the digest of the job's restore knows, without
/// looking at anything else, that a new manifest would say what the restored one says: files are told by what only the kernel can set.
/// </summary>
internal sealed class TreeFingerprint : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _used;

    public void File(ReadOnlySpan<byte> path, in FileStat stat)
    {
        Name('f', path, NameAttributes.Of(stat));
        Number((ulong)stat.Size);
        Number((ulong)stat.Changed.Seconds);
        Number(stat.Changed.Nanoseconds);
        Number(stat.Inode);
        Number(stat.Device);
    }

    public void Directory(ReadOnlySpan<byte> path, in NameAttributes attributes) => Name('d', path, attributes);

    public void Symlink(ReadOnlySpan<byte> path, ReadOnlySpan<byte> target, in NameAttributes attributes)
    {
        Name('l', path, attributes);
        Bytes(target);
    }

    /// <param name="existing">The file's first name, which tells the rest.</param>
    public void HardLink(ReadOnlySpan<byte> path, ReadOnlySpan<byte> existing)
    {
        Name('h', path, default);
        Bytes(existing);
    }

    public ByteString End()
    {
        Flush();
        return UnsafeByteOperations.UnsafeWrap(_hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();

    private void Name(char kind, ReadOnlySpan<byte> path, in NameAttributes attributes)
    {
        Number(kind);
        Bytes(path);
        Number(attributes.Mode);
        Number(((ulong)attributes.Uid << 32) | attributes.Gid);
        Number((ulong)attributes.Modified.Seconds);
        Number(attributes.Modified.Nanoseconds);
    }

    // With their length before them: no two trees give the same bytes.
    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        Number((ulong)bytes.Length);
        if (bytes.Length > _buffer.Length - _used)
        {
            Flush();
        }

        if (bytes.Length > _buffer.Length)
        {
            _hash.AppendData(bytes);
            return;
        }

        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Number(ulong number)
    {
        if (_buffer.Length - _used < sizeof(ulong))
        {
            Flush();
        }

        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(_used), number);
        _used += sizeof(ulong);
    }

    private void Flush()
    {
        _hash.AppendData(_buffer.AsSpan(0, _used));
        _used = 0;
    }
}
