using System.Buffers.Binary;
using PodExecutor.Agent.Artifacts;

namespace PodExecutor.Tests.Unit.Cache.Doubles;

/// <summary>Zips as gitlab-runner's "zipzstd" writes them, which no library here does.</summary>
internal static class ZipMaker
{
    public static byte[] Zstd(params (string Name, byte[] Content)[] files)
    {
        using var zip = new MemoryStream();
        using var directory = new MemoryStream();
        foreach (var (name, content) in files)
        {
            using var zstd = new ZstdSharp.Compressor();
            var stored = zstd.Wrap(content).ToArray();
            var crc = Crc32.Start();
            crc.Append(content);
            var bytes = System.Text.Encoding.UTF8.GetBytes(name);
            var common = new byte[26];
            BinaryPrimitives.WriteUInt16LittleEndian(common, 63);
            BinaryPrimitives.WriteUInt16LittleEndian(common.AsSpan(2), 0x800);
            BinaryPrimitives.WriteUInt16LittleEndian(common.AsSpan(4), 93);
            BinaryPrimitives.WriteUInt32LittleEndian(common.AsSpan(10), crc.Value);
            BinaryPrimitives.WriteInt32LittleEndian(common.AsSpan(14), stored.Length);
            BinaryPrimitives.WriteInt32LittleEndian(common.AsSpan(18), content.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(common.AsSpan(22), (ushort)bytes.Length);
            var rest = new byte[14];
            BinaryPrimitives.WriteUInt32LittleEndian(rest.AsSpan(6), 0x81A4u << 16);
            BinaryPrimitives.WriteInt32LittleEndian(rest.AsSpan(10), (int)zip.Position);
            directory.Write([.. "PK\u0001\u0002"u8, 63, 3, .. common, .. rest, .. bytes]);
            zip.Write([.. "PK\u0003\u0004"u8, .. common, .. bytes, .. stored]);
        }

        var end = new byte[18];
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(4), (ushort)files.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(6), (ushort)files.Length);
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(8), (int)directory.Length);
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(12), (int)zip.Position);
        return [.. zip.ToArray(), .. directory.ToArray(), .. "PK\u0005\u0006"u8, .. end];
    }
}
