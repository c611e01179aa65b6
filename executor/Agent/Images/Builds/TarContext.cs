using System.Formats.Tar;

namespace PodExecutor.Agent.Images.Builds;

/// <summary>
/// Unpacks a context archive. Not TarFile.ExtractToDirectory, which stops at a link that leads outwards; here such a link is made, as docker does, and nothing
/// is ever written through one.
/// </summary>
internal static class TarContext
{
    public static async Task ExtractAsync(Stream tar, string root, CancellationToken cancel)
    {
        await using var reader = new TarReader(tar, leaveOpen: true);
        while (await reader.GetNextEntryAsync(copyData: false, cancel) is { } entry)
        {
            var parts = entry.Name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".").ToList();
            if (parts.Count == 0)
            {
                continue;
            }

            if (parts.Contains("..") || !ParentsAreFolders(root, parts))
            {
                throw new InvalidDataException($"the entry {entry.Name} leads out of the archive");
            }

            await WriteAsync(entry, root, Path.Combine([root, .. parts]), cancel);
        }
    }

    private static bool ParentsAreFolders(string root, List<string> parts)
    {
        var path = root;
        foreach (var part in parts.SkipLast(1))
        {
            path = Path.Combine(path, part);
            if (new FileInfo(path).LinkTarget is not null)
            {
                return false;
            }
        }

        return true;
    }

    private static async Task WriteAsync(TarEntry entry, string root, string path, CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                Directory.CreateDirectory(path);
                File.SetUnixFileMode(path, entry.Mode | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                break;
            case TarEntryType.SymbolicLink:
                File.Delete(path);
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                var target = Path.GetFullPath(Path.Combine(root, entry.LinkName));
                if (!target.StartsWith(root + "/", StringComparison.Ordinal))
                {
                    throw new InvalidDataException($"the link {entry.Name} leads out of the archive");
                }

                File.Copy(target, path, overwrite: true);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                File.Delete(path);
                await entry.ExtractToFileAsync(path, overwrite: false, cancel);
                break;
            default:
                // Devices and pipes are no part of a build context.
                break;
        }
    }
}
