using System.Globalization;

namespace PodExecutor.Agent.Supervisor;

/// <summary>What the kernel knows of this container's memory and CPU, from cgroup v2 or v1. 0 stands for "does not tell".</summary>
internal sealed class Cgroup(CgroupPaths paths)
{
    // The kernel's "no limit" in v1 is the largest page-aligned long.
    private const ulong Unlimited = 1UL << 60;

    private const string GroupKill = "memory.oom.group";

    public static Cgroup OfThisProcess => new(CgroupPaths.Find("/proc/self/cgroup", "/sys/fs/cgroup"));

    /// <summary>How many processes of the container the kernel killed for want of memory, since the container began.</summary>
    public ulong OomKills => Field(paths.Memory, paths.MemoryIsV2 ? "memory.events" : "memory.oom_control", "oom_kill") ?? 0;

    /// <summary>Bytes.</summary>
    public ulong MemoryLimit =>
        Number(paths.Memory, paths.MemoryIsV2 ? "memory.max" : "memory.limit_in_bytes") is { } limit and < Unlimited ? limit : 0;

    /// <summary>Bytes, the most since the container began.</summary>
    public ulong MemoryPeak => Number(paths.Memory, paths.MemoryIsV2 ? "memory.peak" : "memory.max_usage_in_bytes") ?? 0;

    public ulong CpuMicroseconds =>
        (paths.CpuIsV2 ? Field(paths.Cpu, "cpu.stat", "usage_usec") : Number(paths.CpuAccount, "cpuacct.usage") / 1000) ?? 0;

    /// <summary>Cores that the container may use, a fraction too; 0 without a limit.</summary>
    public double CpuLimit
    {
        get
        {
            // v2 has "QUOTA PERIOD" in one file, v1 each in its own; "max" and -1 are no limit.
            var both = paths.CpuIsV2
                ? Text(paths.Cpu, "cpu.max")?.Split(' ') ?? []
                : [Text(paths.Cpu, "cpu.cfs_quota_us") ?? "", Text(paths.Cpu, "cpu.cfs_period_us") ?? ""];
            return both is [var quota, var period]
                && double.TryParse(quota.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
                && double.TryParse(period.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var per) && per > 0
                    ? microseconds / per
                    : 0;
        }
    }

    /// <summary>
    /// Kubelets from 1.28 make the kernel kill a whole container of cgroup v2 for one greedy process. Where this container may write
    /// its own cgroup (seldom: a privileged one), only that process is killed: the job's after_script runs, and its log names the reason.
    /// Elsewhere the container's status has it (OOMKilled), and the driver reads that.
    /// </summary>
    /// <returns>False if one greedy process still ends the container.</returns>
    public bool KillSingleProcesses()
    {
        if (!paths.MemoryIsV2 || Number(paths.Memory, GroupKill) is null or 0)
        {
            return true;
        }

        try
        {
            File.WriteAllText(Path.Combine(paths.Memory, GroupKill), "0");
            return Number(paths.Memory, GroupKill) == 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static ulong? Number(string directory, string file) =>
        ulong.TryParse(Text(directory, file)?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static ulong? Field(string directory, string file, string key)
    {
        foreach (var line in Text(directory, file)?.Split('\n') ?? [])
        {
            var at = line.IndexOf(' ', StringComparison.Ordinal);
            if (at > 0 && line[..at] == key
                && ulong.TryParse(line.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                return value;
            }
        }

        return null;
    }

    private static string? Text(string directory, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
