using System.Security.Cryptography;
using System.Text;

namespace PodExecutor.Tests.Common;

/// <summary>Output of any size, to compare with what was written: the digest of all of it, and the first MiB, which tells where the order was lost.</summary>
internal sealed class OrderedLog : IDisposable
{
    private const int Kept = 1024 * 1024;
    private const int Shown = 40;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly MemoryStream _head = new();

    public long Bytes { get; private set; }

    public void Append(ReadOnlySpan<byte> chunk)
    {
        Bytes += chunk.Length;
        _hash.AppendData(chunk);
        _head.Write(chunk[..(int)Math.Min(chunk.Length, Kept - _head.Length)]);
    }

    public void AssertIs(IEnumerable<byte[]> pieces)
    {
        using var expected = new OrderedLog();
        foreach (var piece in pieces)
        {
            expected.Append(piece);
        }

        var (mine, theirs) = (_head.ToArray(), expected._head.ToArray());
        var same = mine.AsSpan().CommonPrefixLength(theirs);
        Assert.True(
            Bytes == expected.Bytes && _hash.GetCurrentHash().AsSpan().SequenceEqual(expected._hash.GetCurrentHash()),
            $"{Bytes} bytes of {expected.Bytes}; in written order up to byte {same}: \"{From(mine, same)}\" instead of \"{From(theirs, same)}\"");
    }

    public void Dispose()
    {
        _hash.Dispose();
        _head.Dispose();
    }

    private static string From(byte[] bytes, int start) => string.Concat(
        Encoding.Latin1.GetString(bytes.AsSpan(start, Math.Min(Shown, bytes.Length - start))).Select(c => char.IsAscii(c) && !char.IsControl(c) ? c : '·'));
}
