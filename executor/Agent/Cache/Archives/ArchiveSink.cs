using System.Text;
using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Native;
using PodExecutor.Cache;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>
/// Takes the entries of an archive that another program wrote, by the rules that our manifests keep: no name outside, none twice, none
/// below something that is no directory.
/// </summary>
/// <param name="limit">Bytes of files at most.</param>
internal sealed class ArchiveSink(RestoreTree tree, DeclaredPaths declared, long limit)
{
    private enum Kind
    {
        Parent,
        Directory,
        File,
        Link,
    }

    private readonly Dictionary<string, Kind> _names = new(StringComparer.Ordinal);
    private long _bytes;
    private int _files;

    public List<byte[]> Outside { get; } = [];

    public List<byte[]> Special { get; } = [];

    public long Bytes => Interlocked.Read(ref _bytes);

    public int Files => _files;

    public void Directory(byte[] name, in NameAttributes attributes)
    {
        if (Accept(name, Kind.Directory) is { } path)
        {
            tree.Directory(path, attributes);
        }
    }

    public void Symlink(byte[] name, byte[] target, in NameAttributes attributes)
    {
        if (target.Length is 0 or > ManifestLimits.MaxPath || target.Contains((byte)0))
        {
            throw Refusal(name, "its target is none");
        }

        if (Accept(name, Kind.Link) is { } path)
        {
            tree.Symlink(path, target, attributes);
        }
    }

    public void HardLink(byte[] name, byte[] target)
    {
        var existing = Normal(target);
        if (_names.GetValueOrDefault(Text(existing)) != Kind.File)
        {
            throw Refusal(name, "it links to something that is no earlier file of the archive");
        }

        if (Accept(name, Kind.Link) is not { } path)
        {
            return;
        }

        if (declared.Contains(existing))
        {
            tree.HardLink(path, existing);
        }
        else
        {
            Outside.Add(path);
        }
    }

    public void Device(byte[] name) => Special.Add(Normal(name));

    /// <summary>Makes the file's parents.</summary>
    /// <returns>Its path, for <see cref="Write"/>; null if it is not to be written.</returns>
    public byte[]? File(byte[] name)
    {
        if (Accept(name, Kind.File) is not { } path)
        {
            return null;
        }

        tree.MakeParents(path);
        _files++;
        return path;
    }

    /// <summary>Thread-safe.</summary>
    /// <param name="content">Ends where the file ends.</param>
    /// <exception cref="CacheDamagedException">There is more of it than the disk or the operator allows.</exception>
    public void Write(byte[] path, in NameAttributes attributes, Stream content)
    {
        var fd = tree.OpenFile(path, isNew: true);
        try
        {
            var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(128 * 1024);
            var at = 0L;
            int count;
            while ((count = content.Read(buffer)) > 0)
            {
                if (Interlocked.Add(ref _bytes, count) > limit)
                {
                    throw new CacheDamagedException($"the archive unpacks to more than {CacheLog.Size(limit)}, which is all that there is room for.");
                }

                RestoreTree.Write(fd, buffer.AsSpan(0, count), at);
                at += count;
            }

            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
            tree.FinishFile(fd, attributes, -1);
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }

    // null for what the job's cache section does not declare, and for the workspace itself.
    private byte[]? Accept(byte[] name, Kind kind)
    {
        var path = Normal(name);
        if (path.Length == 0)
        {
            return kind == Kind.Directory ? null : throw Refusal(name, "it is no name");
        }

        if (_names.Count >= ManifestLimits.MaxEntries)
        {
            throw new CacheDamagedException($"the archive has more than {ManifestLimits.MaxEntries:N0} entries.");
        }

        var text = Text(path);
        if (_names.TryGetValue(text, out var before) && !(before == Kind.Parent && kind == Kind.Directory))
        {
            throw Refusal(name, "it comes twice, or once as something else");
        }

        _names[text] = kind;
        for (var slash = text.LastIndexOf('/'); slash > 0; slash = text.LastIndexOf('/', slash - 1))
        {
            var parent = text[..slash];
            if (_names.GetValueOrDefault(parent, Kind.Parent) is Kind.File or Kind.Link)
            {
                throw Refusal(name, "it is below an entry that is no directory");
            }

            if (!_names.TryAdd(parent, Kind.Parent))
            {
                break;
            }
        }

        if (declared.Contains(path))
        {
            return path;
        }

        if (kind != Kind.Directory)
        {
            Outside.Add(path);
        }

        return null;
    }

    // "./a/" is what tar calls a.
    private static byte[] Normal(byte[] name)
    {
        ReadOnlySpan<byte> path = name;
        while (path.StartsWith("./"u8))
        {
            path = path[2..];
        }

        path = path is [.. var all, (byte)'/'] ? all : path;
        path = path is [(byte)'.'] ? [] : path;
        return (path.IsEmpty && name.Length > 0 && name[0] != '/') || EntryPath.Fault(path) is not { } fault ? path.ToArray() : throw Refusal(name, fault);
    }

    private static string Text(ReadOnlySpan<byte> path) => Encoding.Latin1.GetString(path);

    private static CacheDamagedException Refusal(ReadOnlySpan<byte> name, string reason) =>
        new($"the archive's entry {EntryPath.Show(name)} is refused: {reason}.");
}
