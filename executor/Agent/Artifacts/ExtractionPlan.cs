using PodExecutor.Agent.Paths;

namespace PodExecutor.Agent.Artifacts;

/// <summary>An entry as the archive gives it; nothing of it is to be trusted.</summary>
/// <param name="Mode">Unix type and permissions, or 0 if the archive was not made on Unix.</param>
/// <param name="LinkTarget">For links, else null.</param>
/// <param name="Index">Its place in the archive.</param>
internal sealed record EntryGiven(string Name, uint Mode, string? LinkTarget, int Index);

/// <summary>An entry that may be written.</summary>
/// <param name="Path">Relative, with slashes, without dots.</param>
/// <param name="Permissions">Without setuid, setgid and sticky.</param>
internal sealed record EntryDecided(string Path, UnixFileMode Permissions, string? LinkTarget, int Index);

/// <summary>What of an archive is written, in the order of its names. Decided before anything is.</summary>
/// <param name="Skipped">Sentences about entries that are left out.</param>
internal sealed record ExtractionPlan(
    IReadOnlyList<EntryDecided> Directories, IReadOnlyList<EntryDecided> Files, IReadOnlyList<EntryDecided> Links, IReadOnlyList<string> Skipped)
{
    private const uint DefaultFile = 0x1A4;      // 0644
    private const uint DefaultDirectory = 0x1ED; // 0755
    private const uint PermissionMask = 0x1FF;

    /// <summary>Of entries with one name the last wins.</summary>
    /// <exception cref="ArtifactException">A name leads out of the directory, or below another entry that is no directory.</exception>
    public static ExtractionPlan Decide(IEnumerable<EntryGiven> entries)
    {
        var chosen = new SortedDictionary<string, (EntryGiven Entry, uint Type)>(StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (EntryName.Normalize(entry.Name) is { Length: > 0 } path)
            {
                chosen[path] = (entry, TypeOf(entry));
            }
        }

        List<EntryDecided> directories = [], files = [], links = [];
        List<string> skipped = [];
        foreach (var (path, (entry, type)) in chosen)
        {
            RefuseBelowNonDirectory(path, chosen);
            switch (type)
            {
                case FileStatus.Directory:
                    directories.Add(Decided(path, entry, DefaultDirectory));
                    break;
                case FileStatus.Regular:
                    files.Add(Decided(path, entry, DefaultFile));
                    break;
                // Wherever it leads (a Python environment's to /usr/bin/python3): nothing is ever written through it.
                case FileStatus.Link when entry.LinkTarget is { Length: > 0 } target && !target.Contains('\0', StringComparison.Ordinal):
                    links.Add(Decided(path, entry, DefaultFile));
                    break;
                case FileStatus.Link:
                    skipped.Add($"{path}: ignored, for it is a link without a usable target.");
                    break;
                default:
                    skipped.Add($"{path}: ignored, for it is neither a file nor a directory nor a link.");
                    break;
            }
        }

        return new ExtractionPlan(directories, files, links, skipped);
    }

    /// <summary>A name with a slash at its end is a directory, whatever its mode says.</summary>
    public static uint TypeOf(EntryGiven entry) =>
        entry.Name.EndsWith('/') ? FileStatus.Directory
        : (entry.Mode & FileStatus.TypeMask) == 0 ? FileStatus.Regular
        : entry.Mode & FileStatus.TypeMask;

    private static EntryDecided Decided(string path, EntryGiven entry, uint otherwise) =>
        new(path, (UnixFileMode)(entry.Mode == 0 ? otherwise : entry.Mode & PermissionMask), entry.LinkTarget, entry.Index);

    private static void RefuseBelowNonDirectory(string path, SortedDictionary<string, (EntryGiven Entry, uint Type)> chosen)
    {
        for (var slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            if (chosen.TryGetValue(path[..slash], out var parent) && parent.Type != FileStatus.Directory)
            {
                throw EntryName.Refusal(path, $"{path[..slash]} is not a directory but a link or a file of the same archive");
            }
        }
    }
}
