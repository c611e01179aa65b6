using System.Collections.Concurrent;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Recipes;

/// <summary>
/// The files that a build has told its builder of. The same build again, for a push, must not send what came into the folder since, and needs to know what else
/// became of it.
/// </summary>
internal sealed class SentFiles
{
    private const uint TypeMask = 0xf000;
    private const uint Folder = 0x4000;
    private const uint Link = 0xa000;
    private const long NanosecondsPerTick = 100;

    private readonly ConcurrentDictionary<(string Local, string Path), Sent> _entries = new();
    private readonly bool _closed;

    /// <summary>Of a first build: takes everything down.</summary>
    public SentFiles()
    {
    }

    private SentFiles(IEnumerable<KeyValuePair<(string Local, string Path), Sent>> entries)
    {
        _entries = new(entries);
        _closed = true;
    }

    private readonly record struct Sent(uint Mode, long Size, long Modified);

    /// <exception cref="IOException">The file is not there, or is damaged.</exception>
    public static SentFiles Read(string file)
    {
        using var reader = new BinaryReader(File.OpenRead(file));
        return new SentFiles(Enumerable.Range(0, reader.ReadInt32()).Select(_ => KeyValuePair.Create(
            (reader.ReadString(), reader.ReadString()), new Sent(reader.ReadUInt32(), reader.ReadInt64(), reader.ReadInt64()))).ToList());
    }

    public void Write(string file)
    {
        using var writer = new BinaryWriter(File.Create(file));
        var entries = _entries.ToArray();
        writer.Write(entries.Length);
        foreach (var ((local, path), sent) in entries)
        {
            writer.Write(local);
            writer.Write(path);
            writer.Write(sent.Mode);
            writer.Write(sent.Size);
            writer.Write(sent.Modified);
        }
    }

    /// <param name="local">The folder's name in the build.</param>
    public Func<LocalEntry, bool> Filter(string local) => _closed
        ? entry => _entries.ContainsKey((local, entry.Path))
        : entry =>
        {
            _entries[(local, entry.Path)] = new Sent(entry.Mode, entry.Size, entry.ModifiedNanoseconds);
            return true;
        };

    /// <summary>What is gone or may have another content: a file that was only touched looks the same as one that was changed.</summary>
    /// <param name="locals">Folders by their names in the build.</param>
    /// <returns>Full paths, in order.</returns>
    public IReadOnlyList<string> Suspects(IReadOnlyDictionary<string, string> locals) =>
        [.. _entries.Select(e => (Path: Path.Combine(locals.GetValueOrDefault(e.Key.Local) ?? "/", e.Key.Path), e.Value)).Where(e => !IsSame(e.Path, e.Value)).Select(e => e.Path).Order(StringComparer.Ordinal)];

    private static bool IsSame(string path, Sent sent)
    {
        var isFolder = (sent.Mode & TypeMask) == Folder;
        FileSystemInfo found = isFolder ? new DirectoryInfo(path) : new FileInfo(path);
        if (!found.Exists && found.LinkTarget is null)
        {
            return false;
        }

        var isLink = (sent.Mode & TypeMask) == Link;
        if (isLink != found.LinkTarget is not null)
        {
            return false;
        }

        // A folder's time is that of its last new file, which is left out.
        return (isLink || (uint)found.UnixFileMode == (sent.Mode & 0xfff))
            && (isFolder || (found.LastWriteTimeUtc - DateTime.UnixEpoch).Ticks == sent.Modified / NanosecondsPerTick)
            && (isFolder || isLink || ((FileInfo)found).Length == sent.Size);
    }
}
