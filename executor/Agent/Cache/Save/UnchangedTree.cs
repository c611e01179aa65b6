using Google.Protobuf;
using PodExecutor.Agent.Cache.Restore;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Save;

/// <summary>The shortest save: all is as a restore of this job left it, so its manifest is the save.</summary>
internal sealed class UnchangedTree(IReadOnlyList<WholeRestore> restores, Desk desk)
{
    /// <summary>False: not worth waiting for the walk.</summary>
    public bool IsPossible => restores.Count > 0;

    /// <returns>Null if something has changed, or another job has saved the key since.</returns>
    /// <exception cref="CacheRefusedException">The driver does not want it.</exception>
    public async Task<Committed?> KeepAsync(IReadOnlyList<SavedEntry> entries, CancellationToken cancel)
    {
        if (!IsPossible)
        {
            return null;
        }

        var tree = Fingerprint(entries);
        return restores.FirstOrDefault(r => r.Tree == tree) is { } same ? await desk.KeepAsync(same.ManifestSha256, cancel) : null;
    }

    private static ByteString Fingerprint(IReadOnlyList<SavedEntry> entries)
    {
        using var tree = new TreeFingerprint();
        foreach (var entry in entries)
        {
            var stat = entry.Stat;
            if (stat.IsDirectory)
            {
                tree.Directory(entry.Path, NameAttributes.Of(stat));
            }
            else if (stat.IsLink)
            {
                tree.Symlink(entry.Path, entry.Target, NameAttributes.Of(stat));
            }
            else if (entry.Target is not null)
            {
                tree.HardLink(entry.Path, entry.Target);
            }
            else
            {
                tree.File(entry.Path, stat);
            }
        }

        return tree.End();
    }
}
