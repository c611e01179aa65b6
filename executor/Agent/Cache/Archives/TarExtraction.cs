using System.Formats.Tar;
using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>Unpacks a tar while it comes in.</summary>
internal static class TarExtraction
{
    /// <exception cref="CacheDamagedException">It is cut or damaged, or an entry is refused.</exception>
    public static void Run(Stream tar, ArchiveSink sink, CancellationToken cancel)
    {
        using var reader = new TarReader(tar, leaveOpen: true);
        while (Next(reader) is { } entry)
        {
            cancel.ThrowIfCancellationRequested();
            Take(entry, sink);
        }
    }

    private static void Take(TarEntry entry, ArchiveSink sink)
    {
        var name = PathText.Encode(entry.Name);
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                sink.Directory(name, Attributes(entry));
                break;
            case TarEntryType.SymbolicLink:
                sink.Symlink(name, PathText.Encode(entry.LinkName), Attributes(entry));
                break;
            case TarEntryType.HardLink:
                sink.HardLink(name, PathText.Encode(entry.LinkName));
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                if (sink.File(name) is { } path)
                {
                    using var content = new CheckedStream(entry.DataStream ?? Stream.Null, entry.Length, null);
                    sink.Write(path, Attributes(entry), content);
                }

                break;
            case TarEntryType.GlobalExtendedAttributes:
                break;
            default:
                sink.Device(name);
                break;
        }
    }

    private static TarEntry? Next(TarReader reader)
    {
        try
        {
            return reader.GetNextEntry();
        }
        catch (Exception e) when (ArchiveDamage.Is(e))
        {
            throw ArchiveDamage.Of(e);
        }
    }

    private static NameAttributes Attributes(TarEntry entry)
    {
        // .NET keeps ticks of 100 ns; a pax header of another program may have more digits.
        var ticks = (entry.ModificationTime - DateTimeOffset.UnixEpoch).Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        (seconds, rest) = rest < 0 ? (seconds - 1, rest + TimeSpan.TicksPerSecond) : (seconds, rest);
        return new NameAttributes((uint)entry.Mode & 0xFFF, (uint)entry.Uid, (uint)entry.Gid, new FileTime(seconds, (uint)(rest * 100)));
    }
}
