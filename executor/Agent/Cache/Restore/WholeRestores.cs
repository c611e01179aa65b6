using Google.Protobuf;
using PodExecutor.Agent.Native;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>Tells what a save will find if the job changes nothing.</summary>
internal static class WholeRestores
{
    /// <param name="stats">Of the plan's files, in their order, as they are in their place.</param>
    /// <returns>Null if the tree does not say all that the manifest says.</returns>
    public static ByteString? Fingerprint(Manifest manifest, RestorePlan plan, IReadOnlyList<FileStat?> stats)
    {
        if (plan.Directories.Count + plan.Files.Count + plan.Links.Count + plan.HardLinks.Count != manifest.Entries.Count)
        {
            return null;
        }

        using var tree = new TreeFingerprint();
        var file = 0;
        foreach (var entry in manifest.Entries)
        {
            switch (entry.Kind)
            {
                case Entry.Types.Kind.Directory:
                    tree.Directory(entry.Path.Span, RestorePlan.AttributesOf(entry));
                    break;
                case Entry.Types.Kind.Symlink:
                    tree.Symlink(entry.Path.Span, entry.Target.Span, RestorePlan.AttributesOf(entry));
                    break;
                case Entry.Types.Kind.Hardlink:
                    tree.HardLink(entry.Path.Span, entry.Target.Span);
                    break;
                default:
                    if (stats[file++] is not { } stat || !IsAsTold(stat, entry))
                    {
                        return null;
                    }

                    tree.File(entry.Path.Span, stat);
                    break;
            }
        }

        return tree.End();
    }

    // Not so where this user may not give files away, or a mode has bits that a restore leaves out.
    private static bool IsAsTold(in FileStat stat, Entry entry) =>
        NameAttributes.Of(stat) == RestorePlan.AttributesOf(entry) && stat.Size == (long)entry.Size;
}
