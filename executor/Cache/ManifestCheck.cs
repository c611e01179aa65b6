using System.Text;
using PodExecutor.Link.Cache;

namespace PodExecutor.Cache;

/// <summary>
/// Whether a manifest keeps all rules. A manifest comes from another job, which may be anybody's merge request: whatever passes here
/// writes nothing outside, opens no memory or disk bomb by itself, and refers to nothing that is not there.
/// </summary>
internal static class ManifestCheck
{
    private const uint PermissionMask = 0xFFF;
    private const uint NanosPerSecond = 1_000_000_000;

    /// <exception cref="CacheDamagedException">The first rule that is broken.</exception>
    public static void Run(Manifest manifest)
    {
        Demand(manifest.Format == ManifestLimits.Format, $"The manifest has format {manifest.Format}; this version reads {ManifestLimits.Format}.");
        Demand(manifest.Entries.Count <= ManifestLimits.MaxEntries, $"The manifest has {manifest.Entries.Count} entries; the limit is {ManifestLimits.MaxEntries}.");
        CheckPacks(manifest);
        CheckOrder(manifest);
        var kinds = new Dictionary<string, Entry.Types.Kind>(manifest.Entries.Count, StringComparer.Ordinal);
        foreach (var entry in manifest.Entries)
        {
            CheckEntry(manifest, entry, kinds);
            kinds.Add(Encoding.Latin1.GetString(entry.Path.Span), entry.Kind);
        }

        foreach (var path in kinds.Keys)
        {
            CheckParents(path, kinds);
        }
    }

    private static void CheckPacks(Manifest manifest)
    {
        var known = new HashSet<Google.Protobuf.ByteString>(manifest.Packs.Count);
        foreach (var pack in manifest.Packs)
        {
            Demand(pack.Sha256.Length == PackObject.DigestLength && known.Add(pack.Sha256), "A pack has no name of its own.");
            Demand(pack.Size <= ManifestLimits.MaxPack, $"A pack has {pack.Size} bytes; the limit is {ManifestLimits.MaxPack}.");
            var end = 0UL;
            foreach (var frame in pack.Frames)
            {
                Demand(frame.Offset >= end && frame.Offset <= pack.Size && frame.Length <= pack.Size - frame.Offset, "A frame is not within its pack.");
                Demand(frame.Length > 0 && frame.ContentLength is > 0 and <= ManifestLimits.MaxFrameContent, "A frame has a senseless length.");
                Demand(frame.Sha256.Length == PackObject.DigestLength, "A frame has no digest.");
                end = frame.Offset + frame.Length;
            }
        }
    }

    // Ascending and so without duplicates: of two entries with one name, one reader would take the first and another the last.
    private static void CheckOrder(Manifest manifest)
    {
        for (var i = 1; i < manifest.Entries.Count; i++)
        {
            var path = manifest.Entries[i].Path.Span;
            Demand(manifest.Entries[i - 1].Path.Span.SequenceCompareTo(path) < 0, path, "it comes twice or out of order");
        }
    }

    private static void CheckEntry(Manifest manifest, Entry entry, Dictionary<string, Entry.Types.Kind> before)
    {
        var path = entry.Path.Span;
        if (EntryPath.Fault(path) is { } fault)
        {
            throw Refusal(path, fault);
        }

        Demand((entry.Mode & ~PermissionMask) == 0, path, "its mode is senseless");
        Demand(entry.MtimeNanos < NanosPerSecond, path, "its time is senseless");
        Demand(entry.Kind == Entry.Types.Kind.File || (entry.Size == 0 && entry.Chunks.Count == 0), path, "it has content but is no file");
        switch (entry.Kind)
        {
            case Entry.Types.Kind.File:
                Demand(entry.Target.IsEmpty, path, "it is a file with a target");
                CheckChunks(manifest, entry);
                break;
            case Entry.Types.Kind.Directory:
                Demand(entry.Target.IsEmpty, path, "it is a directory with a target");
                break;
            case Entry.Types.Kind.Symlink:
                Demand(entry.Target.Length is > 0 and <= ManifestLimits.MaxPath && !entry.Target.Span.Contains((byte)0), path, "its target is none");
                break;
            case Entry.Types.Kind.Hardlink:
                Demand(
                    before.TryGetValue(Encoding.Latin1.GetString(entry.Target.Span), out var kind) && kind == Entry.Types.Kind.File,
                    path, "it links to something that is no earlier file of the manifest");
                break;
            default:
                throw Refusal(path, "it is neither a file nor a directory nor a link");
        }
    }

    private static void CheckChunks(Manifest manifest, Entry entry)
    {
        var path = entry.Path.Span;
        Demand(entry.Size <= long.MaxValue, path, "its size is senseless");
        var end = 0UL;
        foreach (var chunk in entry.Chunks)
        {
            Demand(
                chunk.Length > 0 && chunk.FileOffset >= end && chunk.FileOffset <= entry.Size && chunk.Length <= entry.Size - chunk.FileOffset,
                path, "a chunk is not within the file");
            Demand(chunk.Pack < manifest.Packs.Count && chunk.Frame < manifest.Packs[(int)chunk.Pack].Frames.Count, path, "a chunk is in no pack");
            var frame = manifest.Packs[(int)chunk.Pack].Frames[(int)chunk.Frame];
            Demand((ulong)chunk.FrameOffset + chunk.Length <= frame.ContentLength, path, "a chunk is not within its frame");
            Demand(chunk.Digest.Length == ManifestLimits.ChunkDigestLength, path, "a chunk has no digest");
            end = chunk.FileOffset + chunk.Length;
        }
    }

    // "link" and "link/file" in one manifest: the file would be written through the link.
    private static void CheckParents(string path, Dictionary<string, Entry.Types.Kind> kinds)
    {
        var lookup = kinds.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            if (lookup.TryGetValue(path.AsSpan(0, slash), out var kind))
            {
                if (kind != Entry.Types.Kind.Directory)
                {
                    throw Refusal(Encoding.Latin1.GetBytes(path), "it is below an entry that is no directory");
                }

                // Its own parents are checked with itself.
                return;
            }
        }
    }

    private static void Demand(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new CacheDamagedException(otherwise);
        }
    }

    private static void Demand(bool holds, ReadOnlySpan<byte> path, string otherwise)
    {
        if (!holds)
        {
            throw Refusal(path, otherwise);
        }
    }

    private static CacheDamagedException Refusal(ReadOnlySpan<byte> path, string reason) =>
        new($"The manifest's entry {EntryPath.Show(path)} is refused: {reason}.");
}
