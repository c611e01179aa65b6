using PodExecutor.Agent.Native;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>A file that is to be written.</summary>
internal sealed class PlannedFile(Entry entry)
{
    private int _left = entry.Chunks.Count;

    public byte[] Path { get; } = entry.Path.ToByteArray();

    public NameAttributes Attributes { get; } = RestorePlan.AttributesOf(entry);

    public IReadOnlyList<Chunk> Chunks { get; } = entry.Chunks;

    public long Size { get; } = (long)entry.Size;

    /// <summary>As it was left.</summary>
    public FileStat? Stat { get; set; }

    /// <summary>True when this was the last piece.</summary>
    public bool IsDoneWithOneMore() => Interlocked.Decrement(ref _left) == 0;
}

/// <summary>A piece of a frame's content, and where it goes.</summary>
internal readonly record struct PlannedPiece(PlannedFile File, int FrameOffset, int Length, long FileOffset);

internal sealed class PlannedFrame(Frame frame)
{
    public Frame Frame { get; } = frame;

    public List<PlannedPiece> Pieces { get; } = [];
}

/// <summary>The frames of one pack that are needed, by ascending offset.</summary>
internal sealed record PlannedPack(PackName Name, PackGrant? Grant, IReadOnlyList<PlannedFrame> Frames);

/// <summary>What a restore will do, decided before it does anything.</summary>
/// <param name="Outside">Entries that the cache section does not declare.</param>
internal sealed record RestorePlan(
    IReadOnlyList<Entry> Directories, IReadOnlyList<PlannedFile> Files, IReadOnlyList<Entry> Links, IReadOnlyList<Entry> HardLinks,
    IReadOnlyList<PlannedPack> Packs, IReadOnlyList<byte[]> Outside)
{
    public long Bytes => Files.Sum(f => f.Size);

    /// <summary>Without holes.</summary>
    public ulong DiskBytes => Files.Aggregate(0UL, (sum, f) => sum + f.Chunks.Aggregate(0UL, (s, c) => s + c.Length));

    public int LargestFrame => Packs.SelectMany(p => p.Frames).Select(f => (int)f.Frame.Length).DefaultIfEmpty(0).Max();

    public int LargestContent => Packs.SelectMany(p => p.Frames).Select(f => (int)f.Frame.ContentLength).DefaultIfEmpty(0).Max();

    public static RestorePlan Decide(Manifest manifest, IReadOnlyList<PackGrant> grants, DeclaredPaths declared)
    {
        List<Entry> directories = [], links = [], hardLinks = [];
        List<PlannedFile> files = [];
        List<byte[]> outside = [];
        var frames = manifest.Packs.Select(p => new PlannedFrame?[p.Frames.Count]).ToArray();
        var placed = new HashSet<Google.Protobuf.ByteString>();
        foreach (var entry in manifest.Entries)
        {
            if (!declared.Contains(entry.Path.Span) || (entry.Kind == Entry.Types.Kind.Hardlink && !placed.Contains(entry.Target)))
            {
                // A directory on the way to what is declared is made when it is needed.
                if (entry.Kind != Entry.Types.Kind.Directory)
                {
                    outside.Add(entry.Path.ToByteArray());
                }

                continue;
            }

            switch (entry.Kind)
            {
                case Entry.Types.Kind.Directory:
                    directories.Add(entry);
                    break;
                case Entry.Types.Kind.Symlink:
                    links.Add(entry);
                    break;
                case Entry.Types.Kind.Hardlink:
                    hardLinks.Add(entry);
                    break;
                default:
                    placed.Add(entry.Path);
                    files.Add(new PlannedFile(entry));
                    Assign(files[^1], manifest, frames);
                    break;
            }
        }

        return new RestorePlan(directories, files, links, hardLinks, Needed(manifest, grants, frames), outside);
    }

    public static NameAttributes AttributesOf(Entry entry) =>
        new(entry.Mode, entry.Uid, entry.Gid, new FileTime(entry.MtimeSeconds, entry.MtimeNanos));

    private static void Assign(PlannedFile file, Manifest manifest, PlannedFrame?[][] frames)
    {
        foreach (var chunk in file.Chunks)
        {
            ref var frame = ref frames[chunk.Pack][chunk.Frame];
            frame ??= new PlannedFrame(manifest.Packs[(int)chunk.Pack].Frames[(int)chunk.Frame]);
            frame.Pieces.Add(new PlannedPiece(file, (int)chunk.FrameOffset, (int)chunk.Length, (long)chunk.FileOffset));
        }
    }

    private static List<PlannedPack> Needed(Manifest manifest, IReadOnlyList<PackGrant> grants, PlannedFrame?[][] frames)
    {
        var granted = new Dictionary<Google.Protobuf.ByteString, PackGrant>();
        foreach (var grant in grants.Where(g => g.Object is not null))
        {
            granted.TryAdd(grant.Sha256, grant);
        }

        return [.. manifest.Packs.Select((p, i) => new PlannedPack(
            new PackName { Sha256 = p.Sha256, Size = p.Size }, granted.GetValueOrDefault(p.Sha256), [.. frames[i].OfType<PlannedFrame>()])).Where(p => p.Frames.Count > 0)];
    }
}
