using Google.Protobuf;
using PodExecutor.Cache;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>Turns what was walked and packed into the manifest that makes it a cache.</summary>
internal static class ManifestMaking
{
    /// <param name="entries">All frames of their content are placed.</param>
    public static Manifest Of(string key, IReadOnlyList<SavedEntry> entries, DateTimeOffset now)
    {
        var manifest = new Manifest { Format = ManifestLimits.Format, Key = key, CreatedUnixMs = now.ToUnixTimeMilliseconds() };
        var places = Number(entries, manifest);
        foreach (var entry in entries)
        {
            manifest.Entries.Add(Describe(entry, places));
        }

        return manifest;
    }

    /// <summary>True if a manifest for these entries would say what that one says.</summary>
    public static bool Says(Manifest manifest, IReadOnlyList<SavedEntry> entries)
    {
        if (manifest.Entries.Count != entries.Count)
        {
            return false;
        }

        for (var i = 0; i < entries.Count; i++)
        {
            if (!Says(manifest.Entries[i], entries[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Says(Entry told, SavedEntry entry)
    {
        var stat = entry.Stat;
        return told.Kind == KindOf(entry) && told.Path.Span.SequenceEqual(entry.Path) && told.Mode == stat.Permissions
            && told.Uid == stat.Uid && told.Gid == stat.Gid && told.MtimeSeconds == stat.Modified.Seconds && told.MtimeNanos == stat.Modified.Nanoseconds
            && told.Size == (told.Kind == Entry.Types.Kind.File ? (ulong)stat.Size : 0) && told.Target.Span.SequenceEqual(entry.Target ?? [])
            && Says(told.Chunks, entry.Chunks);
    }

    private static bool Says(Google.Protobuf.Collections.RepeatedField<Chunk> told, SavedChunk[] chunks)
    {
        var at = 0;
        foreach (var chunk in chunks.Where(c => c.Place is not null))
        {
            if (at == told.Count || told[at].FileOffset != (ulong)chunk.FileOffset || told[at].Length != chunk.Length
                || ContentDigest.Read(told[at].Digest.Span) != chunk.Digest)
            {
                return false;
            }

            at++;
        }

        return at == told.Count;
    }

    private static Entry.Types.Kind KindOf(SavedEntry entry) =>
        entry.Stat.IsDirectory ? Entry.Types.Kind.Directory
        : entry.Stat.IsLink ? Entry.Types.Kind.Symlink
        : entry.Target is null ? Entry.Types.Kind.File
        : Entry.Types.Kind.Hardlink;

    private static Dictionary<StoredFrame, (uint Pack, uint Frame)> Number(IReadOnlyList<SavedEntry> entries, Manifest manifest)
    {
        var frames = entries.SelectMany(e => e.Chunks).Select(c => c.Place?.Frame).OfType<StoredFrame>().Distinct();
        var numbers = new Dictionary<StoredFrame, (uint, uint)>();
        foreach (var pack in frames.GroupBy(f => Convert.ToHexString(f.Pack.Sha256)).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var first = pack.First().Pack;
            var message = new Pack { Sha256 = UnsafeByteOperations.UnsafeWrap(first.Sha256), Size = (ulong)first.Size };
            foreach (var frame in pack.OrderBy(f => f.Offset))
            {
                numbers.Add(frame, ((uint)manifest.Packs.Count, (uint)message.Frames.Count));
                message.Frames.Add(new Frame
                {
                    Offset = (ulong)frame.Offset,
                    Length = (uint)frame.Length,
                    ContentLength = (uint)frame.ContentLength,
                    Sha256 = UnsafeByteOperations.UnsafeWrap(frame.Sha256),
                });
            }

            manifest.Packs.Add(message);
        }

        return numbers;
    }

    private static Entry Describe(SavedEntry entry, Dictionary<StoredFrame, (uint Pack, uint Frame)> places)
    {
        var stat = entry.Stat;
        var isFile = stat.IsRegular && entry.Target is null;
        var message = new Entry
        {
            Kind = KindOf(entry),
            Path = UnsafeByteOperations.UnsafeWrap(entry.Path),
            Mode = stat.Permissions,
            Uid = stat.Uid,
            Gid = stat.Gid,
            MtimeSeconds = stat.Modified.Seconds,
            MtimeNanos = stat.Modified.Nanoseconds,
            Size = isFile ? (ulong)stat.Size : 0,
            Target = entry.Target is null ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(entry.Target),
        };
        foreach (var chunk in entry.Chunks)
        {
            if (chunk.Place is { } place)
            {
                var (pack, number) = places[place.Frame ?? throw new InvalidOperationException("Content was claimed but never packed.")];
                message.Chunks.Add(new Chunk
                {
                    Pack = pack,
                    Frame = number,
                    FrameOffset = (uint)place.Offset,
                    Length = (uint)chunk.Length,
                    FileOffset = (ulong)chunk.FileOffset,
                    Digest = chunk.Digest.ToBytes(),
                });
            }
        }

        return message;
    }
}
