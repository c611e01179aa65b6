using PodExecutor.BuildKit.FileSync.Disk;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>How folders are told and sent, seen from the daemon.</summary>
public sealed class FileSyncTests : FakeBuild
{
    [Fact]
    public async Task Session_AsTheDaemonSeesIt_HasEachMethodInAFieldOfItsOwn()
    {
        var session = await SolveAsync((session, _) => Task.FromResult(session));

        Assert.Contains("/moby.filesync.v1.FileSync/DiffCopy", session.Methods);
        Assert.Contains("/moby.filesync.v1.FileSend/DiffCopy", session.Methods);
        Assert.DoesNotContain(session.Methods, method => method.Contains(',', StringComparison.Ordinal));
        Assert.DoesNotContain(':', session.Id);
        Assert.NotEqual("", session.SharedKey);
    }

    [Fact]
    public async Task Tree_IsToldInTheOrderOfItsBytes()
    {
        foreach (var name in new[] { "foo/x", "foo-bar", "foo.txt", "private-\uE000", "private-\U0001F600", "private-\uFFFD" })
        {
            Project.Write(name, "");
        }

        var paths = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return stats.Select(stat => stat.Path).ToArray();
        });

        Assert.Equal(["foo", "foo/x", "foo-bar", "foo.txt", "private-\uE000", "private-\uFFFD", "private-\U0001F600"], paths);
    }

    [Fact]
    public async Task Stat_OfAFile_HasNanosecondsAndGoModesAndRoot()
    {
        var path = Project.Write("file", "12345");
        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddTicks(12_345_678_901_234_567));
        File.SetUnixFileMode(path, (UnixFileMode)0b100_110_100_000);   // 04640
        Directory.CreateDirectory(Path.Combine(Project.Context, "dir"));
        File.CreateSymbolicLink(Path.Combine(Project.Context, "link"), "file");

        var stats = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return stats.ToDictionary(stat => stat.Path);
        });

        Assert.Equal(1_234_567_890_123_456_700, stats["file"].ModTime);
        Assert.Equal((1u << 23) | 0x1a0u, stats["file"].Mode);
        Assert.Equal((5, 0u, 0u), (stats["file"].Size, stats["file"].Uid, stats["file"].Gid));
        Assert.Equal(1u << 31, stats["dir"].Mode & GoFileMode.TypeMask);
        Assert.Equal(("file", 1u << 27), (stats["link"].Linkname, stats["link"].Mode & GoFileMode.TypeMask));
    }

    /// <summary>What the daemon compares by: without the nanoseconds it would keep the old content.</summary>
    [Fact]
    public async Task Stat_OfAFileChangedWithinTheSameSecond_Differs()
    {
        var path = Project.Write("file", "old");
        var times = new List<long>();
        foreach (var ticks in new[] { 1L, 2L })
        {
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(1).AddTicks(ticks));
            await SolveAsync(async (session, call) =>
            {
                using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
                times.Add((await copy.ReadStatsAsync(call.Cancelled)).Single().ModTime);
                await copy.FinishAsync(call.Cancelled);
                return true;
            });
        }

        Assert.Equal(100, times[1] - times[0]);
    }

    [Fact]
    public async Task HardLinks_WhoseFirstNameIsExcluded_AreLedByTheNext()
    {
        var first = Project.Write("a", "content");
        foreach (var name in new[] { "b", "c" })
        {
            System.Diagnostics.Process.Start("ln", [first, Path.Combine(Project.Context, name)]).WaitForExit();
        }

        var (stats, content) = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"), ("exclude-patterns", "a"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            var content = await copy.ReadFileAsync(0, call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return (stats, content);
        });

        Assert.Equal([("b", ""), ("c", "b")], stats.Select(stat => (stat.Path, stat.Linkname)));
        Assert.Equal("content"u8.ToArray(), content);
    }

    [Fact]
    public async Task Patterns_InTheirEncodedForm_AreRead()
    {
        Project.Write("grün/+ %", "1");
        Project.Write("rot/x", "2");

        var paths = await SolveAsync(async (session, call) =>
        {
            using var copy = session.DiffCopy(
                call.Cancelled, ("dir-name", "context"), ("include-patterns", "gr%C3%BCn%2F%2B+%25"), ("include-patterns-encoded", "1"));
            var stats = await copy.ReadStatsAsync(call.Cancelled);
            await copy.FinishAsync(call.Cancelled);
            return stats.Select(stat => stat.Path).ToArray();
        });

        Assert.Equal(["grün", "grün/+ %"], paths);
    }
}
