using System.Globalization;

namespace PodExecutor.Agent.Supervisor;

/// <summary>What the kernel knows of this container's memory and CPU, from cgroup v2 or v1. 0 stands for "does not tell".</summary>
internal sealed class Cgroup(string root = "/sys/fs/cgroup")
{
    // The kernel's "no limit" in v1 is the largest page-aligned long.
    private const ulong Unlimited = 1UL << 60;

    /// <summary>How many processes of the container the kernel killed for its memory limit, since the container began.</summary>
    public ulong OomKills => Field("memory.events", "oom_kill") ?? Field("memory/memory.oom_control", "oom_kill") ?? 0;

    /// <summary>Bytes.</summary>
    public ulong MemoryLimit =>
        (Number("memory.max") ?? Number("memory/memory.limit_in_bytes")) is { } limit and < Unlimited ? limit : 0;

    /// <summary>Bytes, the most since the container began.</summary>
    public ulong MemoryPeak => Number("memory.peak") ?? Number("memory/memory.max_usage_in_bytes") ?? 0;

    public ulong CpuMicroseconds =>
        Field("cpu.stat", "usage_usec") ?? Number("cpuacct/cpuacct.usage") / 1000 ?? Number("cpu,cpuacct/cpuacct.usage") / 1000 ?? 0;

    /// <summary>Cores that the container may use, a fraction too; 0 without a limit.</summary>
    public double CpuLimit
    {
        get
        {
            // v2 has "QUOTA PERIOD" in one file, v1 each in its own; "max" and -1 are no limit.
            var both = Text("cpu.max")?.Split(' ') ?? [Text("cpu/cpu.cfs_quota_us") ?? "", Text("cpu/cpu.cfs_period_us") ?? ""];
            return both is [var quota, var period]
                && double.TryParse(quota.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
                && double.TryParse(period.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var per) && per > 0
                    ? microseconds / per
                    : 0;
        }
    }

    private ulong? Number(string file) =>
        ulong.TryParse(Text(file)?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private ulong? Field(string file, string key)
    {
        foreach (var line in Text(file)?.Split('\n') ?? [])
        {
            var at = line.IndexOf(' ', StringComparison.Ordinal);
            if (at > 0 && line[..at] == key && ulong.TryParse(line.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                return value;
            }
        }

        return null;
    }

    private string? Text(string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(root, file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
