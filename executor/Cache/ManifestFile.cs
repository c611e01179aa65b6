using System.Buffers;
using Google.Protobuf;
using PodExecutor.Link.Cache;
using ZstdSharp;

namespace PodExecutor.Cache;

/// <summary>The manifest as an object in the store: eight bytes of magic, then the message in one zstd frame.</summary>
public static class ManifestFile
{
    private const int Level = 3;

    private static ReadOnlySpan<byte> Magic => "PEXCACH1"u8;

    /// <summary>True if the object says of itself that it is a manifest of ours.</summary>
    public static bool IsManifest(ReadOnlySpan<byte> begin) => begin.StartsWith(Magic);

    /// <summary>The bytes to store.</summary>
    /// <exception cref="CacheDamagedException">It would be refused when it is read.</exception>
    public static byte[] Write(Manifest manifest)
    {
        ManifestCheck.Run(manifest);
        var content = manifest.ToByteArray();
        using var compressor = new Compressor(Level);
        var stored = new byte[Magic.Length + Compressor.GetCompressBound(content.Length)];
        Magic.CopyTo(stored);
        var length = Magic.Length + compressor.Wrap(content, stored.AsSpan(Magic.Length));
        return length <= ManifestLimits.MaxStored
            ? stored[..length]
            : throw new CacheDamagedException($"The manifest would have {length} bytes; the limit is {ManifestLimits.MaxStored}. Cache fewer files.");
    }

    /// <summary>Checks all of it: what this returns can be used without another look.</summary>
    /// <exception cref="CacheDamagedException">Anything else than a manifest of ours that keeps all rules.</exception>
    public static Manifest Read(ReadOnlyMemory<byte> stored)
    {
        if (!IsManifest(stored.Span))
        {
            throw new CacheDamagedException("The manifest does not begin as one.");
        }

        if (stored.Length > ManifestLimits.MaxStored)
        {
            throw new CacheDamagedException($"The manifest has {stored.Length} bytes; the limit is {ManifestLimits.MaxStored}.");
        }

        var content = Decompress(stored[Magic.Length..]);
        try
        {
            var manifest = Manifest.Parser.ParseFrom(content.WrittenSpan);
            ManifestCheck.Run(manifest);
            return manifest;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new CacheDamagedException($"The manifest cannot be read: {e.Message}", e);
        }
    }

    private static ArrayBufferWriter<byte> Decompress(ReadOnlyMemory<byte> stored)
    {
        // Grows by what really comes out: the size that the frame claims is not believed.
        const int step = 1 << 20;
        var content = new ArrayBufferWriter<byte>(step);
        using var source = new MemoryStream(stored.ToArray(), writable: false);
        using var zstd = new DecompressionStream(source, checkEndOfStream: true);
        try
        {
            int count;
            while ((count = zstd.Read(content.GetSpan(64 * 1024))) > 0)
            {
                content.Advance(count);
                if (content.WrittenCount > ManifestLimits.MaxContent)
                {
                    throw new CacheDamagedException($"The manifest has more than {ManifestLimits.MaxContent} bytes when decompressed.");
                }
            }

            return content;
        }
        catch (Exception e) when (e is ZstdException or IOException)
        {
            throw new CacheDamagedException($"The manifest cannot be decompressed: {e.Message}", e);
        }
    }
}
