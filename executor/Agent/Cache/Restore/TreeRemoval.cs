using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Cache.Restore;

/// <summary>Removes a tree without following a link. What cannot be removed stays, and no restore fails for it.</summary>
internal static class TreeRemoval
{
    private const uint OwnerMayAll = 0x1C0;

    public static void Remove(Beneath root, byte[] path)
    {
        try
        {
            if (root.Stat(path) is not { } stat)
            {
                return;
            }

            if (stat.IsDirectory)
            {
                RemoveContents(root, path);
            }

            root.Unlink(path, stat.IsDirectory);
        }
        catch (FileCallException)
        {
            // Another user's; the pod ends with the job.
        }
    }

    private static void RemoveContents(Beneath root, byte[] path)
    {
        var fd = root.OpenFile(path, FileCalls.ReadOnly | FileCalls.IsDirectory);
        try
        {
            _ = FileCalls.ChangeMode(fd, OwnerMayAll);
            foreach (var name in DirectoryNames.Of(fd))
            {
                Remove(root, [.. path, (byte)'/', .. name]);
            }
        }
        finally
        {
            _ = Libc.Close(fd);
        }
    }
}
