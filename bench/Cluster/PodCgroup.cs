using System.Globalization;

namespace PodExecutor.Bench.Cluster;

/// <summary>The pod's own account of CPU, read on this machine, which is the node. With that of containers that have ended.</summary>
internal static class PodCgroup
{
    private const string Root = "/sys/fs/cgroup";

    /// <exception cref="BenchException">The pod has no cgroup here.</exception>
    public static double CpuSeconds(string podUid)
    {
        // cgroup v1 has a tree for CPU accounting of its own, v2 one for all.
        var v1 = Path.Combine(Root, "cpuacct");
        var top = Directory.Exists(v1) ? v1 : Root;
        var names = new[] { "pod" + podUid, $"pod{podUid.Replace('-', '_')}.slice" };
        var everywhere = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 5, IgnoreInaccessible = true };
        var pod = Directory.EnumerateDirectories(top, "*", everywhere)
            .FirstOrDefault(d => names.Any(n => Path.GetFileName(d).EndsWith(n, StringComparison.Ordinal)))
            ?? throw new BenchException($"Pod {podUid} has no cgroup below {top}: the benchmarks must run on the node.");
        var usage = Path.Combine(pod, "cpuacct.usage");
        return File.Exists(usage) ? Number(File.ReadAllText(usage)) / 1e9 : Number(Usage(Path.Combine(pod, "cpu.stat"))) / 1e6;
    }

    private static string Usage(string statistics)
    {
        const string key = "usage_usec ";
        return File.ReadLines(statistics).First(l => l.StartsWith(key, StringComparison.Ordinal))[key.Length..];
    }

    private static double Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
