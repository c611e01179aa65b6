using PodExecutor.Agent.Supervisor;

namespace PodExecutor.Tests.Unit.Core.Supervisor;

/// <summary>Over trees as kernels show them in containers.</summary>
public sealed class CgroupTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void V2_OwnNamespace_IsReadAtTheMount()
    {
        V2("", "400000 100000", "1073741824", oomKills: 3);

        Check(Find("0::/\n"), oomKills: 3, limit: 1UL << 30, peak: 5000, cpu: 777, cores: 4);
    }

    [Fact]
    public void V2_HostNamespace_IsReadBelowTheMountAndNotOfTheNode()
    {
        V2("", "max 100000", "max", oomKills: 40);
        V2("kubepods.slice/pod1.slice/cri-2.scope", "50000 100000", "1048576", oomKills: 1);

        Check(Find("0::/kubepods.slice/pod1.slice/cri-2.scope\n"), oomKills: 1, limit: 1048576, peak: 5000, cpu: 777, cores: 0.5);
    }

    [Theory]
    [InlineData("0::/../other\n")]
    [InlineData("0::/not/mounted/here\n")]
    [InlineData("")]
    public void V2_PathThatIsNotBelowTheMount_IsReadAtTheMount(string self)
    {
        V2("", "max 100000", "max", oomKills: 2);

        Check(Find(self), oomKills: 2, limit: 0, peak: 5000, cpu: 777, cores: 0);
    }

    [Fact]
    public void V1_OwnPartMounted_IsReadAtEachMount()
    {
        V1("cpu,cpuacct", "");
        Directory.CreateSymbolicLink(_directory.At("fs/cpu"), "cpu,cpuacct");

        var cgroup = Find("4:cpu,cpuacct:/kubepods/pod1/c2\n3:memory:/kubepods/pod1/c2\n0::/\n");
        Check(cgroup, oomKills: 6, limit: 2048, peak: 1024, cpu: 9, cores: 1.5);
    }

    [Fact]
    public void V1_HostHierarchy_IsReadBelowEachMount()
    {
        V1("cpuacct,cpu", "/kubepods/pod1/c2");
        _directory.Write("fs/memory/memory.oom_control", "oom_kill 99\n");

        var cgroup = Find("4:cpuacct,cpu:/kubepods/pod1/c2\n3:memory:/kubepods/pod1/c2\n");
        Check(cgroup, oomKills: 6, limit: 2048, peak: 1024, cpu: 9, cores: 1.5);
    }

    [Fact]
    public void V1_NoLimit_IsNone()
    {
        _directory.Write("fs/memory/memory.limit_in_bytes", "9223372036854771712\n");
        _directory.Write("fs/cpu/cpu.cfs_quota_us", "-1\n");
        _directory.Write("fs/cpu/cpu.cfs_period_us", "100000\n");

        Check(Find("3:memory:/\n2:cpu:/\n"), oomKills: 0, limit: 0, peak: 0, cpu: 0, cores: 0);
    }

    [Fact]
    public void Cgroup_NothingMounted_TellsNothing() => Check(Find(""), oomKills: 0, limit: 0, peak: 0, cpu: 0, cores: 0);

    [Fact]
    public void KillSingleProcesses_GroupKillSet_IsSwitchedOff()
    {
        V2("", "max 100000", "max", oomKills: 0);
        _directory.Write("fs/memory.oom.group", "1\n");

        Assert.True(Find("0::/\n").KillSingleProcesses());
        Assert.Equal("0", File.ReadAllText(_directory.At("fs/memory.oom.group")));
    }

    [Fact]
    public void KillSingleProcesses_CgroupReadOnly_SaysSoAndGoesOn()
    {
        // A file that even root cannot write.
        V2("", "max 100000", "max", oomKills: 0);
        File.CreateSymbolicLink(_directory.At("fs/memory.oom.group"), "/proc/sys/kernel/cap_last_cap");

        Assert.False(Find("0::/\n").KillSingleProcesses());
    }

    private static void Check(Cgroup cgroup, ulong oomKills, ulong limit, ulong peak, ulong cpu, double cores)
    {
        Assert.Equal((oomKills, limit, peak), (cgroup.OomKills, cgroup.MemoryLimit, cgroup.MemoryPeak));
        Assert.Equal((cpu, cores), (cgroup.CpuMicroseconds, cgroup.CpuLimit));
    }

    private Cgroup Find(string self)
    {
        _directory.Write("self", self);
        return new Cgroup(CgroupPaths.Find(_directory.At("self"), _directory.At("fs")));
    }

    private void V2(string below, string cpuMax, string memoryMax, int oomKills)
    {
        _directory.Write("fs/cgroup.controllers", "cpu memory\n");
        var at = Path.Combine("fs", below);
        _directory.Write($"{at}/memory.events", $"low 0\nhigh 0\nmax 12\noom 1\noom_kill {oomKills}\noom_group_kill 0\n");
        _directory.Write($"{at}/memory.max", memoryMax + "\n");
        _directory.Write($"{at}/memory.peak", "5000\n");
        _directory.Write($"{at}/cpu.max", cpuMax + "\n");
        _directory.Write($"{at}/cpu.stat", "usage_usec 777\nuser_usec 700\n");
    }

    private void V1(string cpu, string below)
    {
        _directory.Write($"fs/memory{below}/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n");
        _directory.Write($"fs/memory{below}/memory.limit_in_bytes", "2048\n");
        _directory.Write($"fs/memory{below}/memory.max_usage_in_bytes", "1024\n");
        _directory.Write($"fs/{cpu}{below}/cpu.cfs_quota_us", "150000\n");
        _directory.Write($"fs/{cpu}{below}/cpu.cfs_period_us", "100000\n");
        _directory.Write($"fs/{cpu}{below}/cpuacct.usage", "9999\n");
    }
}
