namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// The directories of this process's own cgroups. In a container with a cgroup namespace, or with its own part of the hierarchy mounted
/// (v1), that is the mount itself; where the container sees the host's hierarchy (privileged ones do), it lies deep below.
/// </summary>
internal sealed record CgroupPaths(string Memory, bool MemoryIsV2, string Cpu, string CpuAccount, bool CpuIsV2)
{
    /// <param name="self">/proc/self/cgroup: "ID:CONTROLLERS:PATH", v2 with no controllers.</param>
    /// <param name="mount">/sys/fs/cgroup</param>
    public static CgroupPaths Find(string self, string mount)
    {
        var paths = Read(self);
        var isV2 = File.Exists(Path.Combine(mount, "cgroup.controllers"));
        if (isV2)
        {
            var own = Below(mount, paths.GetValueOrDefault("", "/"));
            return new CgroupPaths(own, true, own, own, true);
        }

        return new CgroupPaths(OfV1("memory"), false, OfV1("cpu"), OfV1("cpuacct"), false);

        string OfV1(string controller)
        {
            // "cpu" and "cpuacct" are often one hierarchy, mounted as "cpu,cpuacct", with links of the single names or without.
            var together = paths.Keys.FirstOrDefault(k => k.Split(',').Contains(controller)) ?? controller;
            var directory = new[] { together, controller }.Select(n => Path.Combine(mount, n)).FirstOrDefault(Directory.Exists);
            return Below(directory ?? Path.Combine(mount, controller), paths.GetValueOrDefault(together, "/"));
        }
    }

    private static string Below(string mount, string path)
    {
        // "/../…" is a cgroup outside of the namespace's root: not to be reached through this mount.
        var own = Path.Combine(mount, path.TrimStart('/'));
        return path.StartsWith("/..", StringComparison.Ordinal) || !Directory.Exists(own) ? mount : own;
    }

    private static Dictionary<string, string> Read(string self)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            foreach (var line in File.ReadLines(self))
            {
                if (line.Split(':', 3) is [_, var controllers, var path])
                {
                    paths[controllers] = path;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The mount itself is the best guess.
        }

        return paths;
    }
}
