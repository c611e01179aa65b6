using System.Formats.Tar;
using System.Text.Json;
using PodExecutor.Agent.Images.Builds;

namespace PodExecutor.Agent.Images.Reports;

/// <summary>
/// The size of an image as far as this pod has it in hand: as an archive or layout that the build has written. BuildKit's answer to a build does not tell it, and
/// what was only pushed or kept is not here.
/// </summary>
internal static class ArchiveSize
{
    /// <summary>More than any manifest or index.</summary>
    private const long Manifest = 4 << 20;

    /// <returns>Bytes of the compressed layers, of all platforms; 0 if no output holds them.</returns>
    public static long Of(BuildPlan plan, string? digest, ImageContext context)
    {
        if (digest is null || plan.Exporters.FirstOrDefault(e => e.Type is "oci" or "docker" && e.Destination is not (null or "-")) is not { } output)
        {
            return 0;
        }

        try
        {
            var path = context.At(output.Destination!);
            var blobs = Directory.Exists(path) ? null : Small(path);
            return Size(digest, d => blobs is null ? File.ReadAllBytes(Path.Combine(path, Blob(d))) : blobs[Blob(d)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            // A column of a list is no reason to fail a build that is done.
            return 0;
        }
    }

    private static string Blob(string digest) => "blobs/" + digest.Replace(':', '/');

    private static long Size(string digest, Func<string, byte[]> blob)
    {
        using var json = JsonDocument.Parse(blob(digest));
        return json.RootElement.TryGetProperty("manifests", out var platforms)
            ? platforms.EnumerateArray().Sum(p => Size(p.GetProperty("digest").GetString()!, blob))
            : json.RootElement.GetProperty("layers").EnumerateArray().Sum(l => l.GetProperty("size").GetInt64());
    }

    /// <summary>What may be a manifest; layers are skipped unread.</summary>
    private static Dictionary<string, byte[]> Small(string path)
    {
        var blobs = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        using var reader = new TarReader(File.OpenRead(path));
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry is { DataStream: { } data, Length: < Manifest } && entry.Name.StartsWith("blobs/", StringComparison.Ordinal))
            {
                var bytes = new byte[entry.Length];
                data.ReadExactly(bytes);
                blobs[entry.Name] = bytes;
            }
        }

        return blobs;
    }
}
