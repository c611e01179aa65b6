using System.Security.Cryptography;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;
using ZstdSharp;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>Verifies and decompresses frames and writes their pieces; one for each worker.</summary>
internal sealed class FrameDecoder(RestoreTree tree, int largestContent) : IDisposable
{
    private readonly Decompressor _zstd = new();
    private readonly byte[] _content = GC.AllocateUninitializedArray<byte>(largestContent);

    /// <exception cref="CacheDamagedException">It is not what the manifest says. Nothing of it was written.</exception>
    /// <exception cref="FileCallException">The disk does not take it.</exception>
    public void Write(FrameReady ready)
    {
        var content = Decode(ready.Planned.Frame, ready.Bytes);
        foreach (var piece in ready.Planned.Pieces)
        {
            Write(piece, content.Slice(piece.FrameOffset, piece.Length));
        }
    }

    public void Dispose() => _zstd.Dispose();

    private ReadOnlySpan<byte> Decode(PodExecutor.Link.Cache.Frame frame, byte[] bytes)
    {
        var stored = bytes.AsSpan(0, (int)frame.Length);
        Span<byte> sha256 = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(stored, sha256);
        if (!sha256.SequenceEqual(frame.Sha256.Span))
        {
            throw new CacheDamagedException("a pack is not what its manifest says (wrong digest).");
        }

        var content = _content.AsSpan(0, (int)frame.ContentLength);
        try
        {
            return _zstd.Unwrap(stored, content) == content.Length ? content : throw Wrong(null);
        }
        catch (ZstdException e)
        {
            throw Wrong(e);
        }
    }

    private void Write(in PlannedPiece piece, ReadOnlySpan<byte> content)
    {
        var file = piece.File;
        var isOnly = file.Chunks.Count == 1;
        var fd = tree.OpenFile(file.Path, isOnly);
        try
        {
            RestoreTree.Write(fd, content, piece.FileOffset);
            if (file.IsDoneWithOneMore())
            {
                file.Stat = tree.FinishFile(fd, file.Attributes, isOnly && piece.Length == file.Size ? -1 : file.Size);
            }
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    private static CacheDamagedException Wrong(Exception? e) => new("a frame of a pack cannot be decompressed to what its manifest says.", e);
}
