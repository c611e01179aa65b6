using PodExecutor.Agent.Cache;
using PodExecutor.Tests.Unit.Cache.Doubles;

namespace PodExecutor.Tests.Unit.Cache;

public class RoundTripTests
{
    [Fact]
    public async Task Cache_TreeOfEverything_ComesBackBitForBit()
    {
        using var first = new CacheJob();
        Shell.Bash(
            """
            mkdir -p t/dir/empty t/dir/closed "t/od d" && cd t
            echo one > file; printf 'two' > dir/two; : > dir/nothing; head -c 5000000 /dev/urandom > big; ln file dir/twin; ln file zz-twin
            ln -s ../nowhere/at/all dangling; ln -s dir/two link; ln -s /etc/passwd outwards
            echo x > $'od d/\xff\xfe\n"\'name'; echo y > 'od d/*?[a]'; echo ü > 'od d/größe'
            truncate -s 3000000000 huge; printf 'middle' | dd of=huge bs=1 seek=1500000000 conv=notrunc status=none; printf 'e' | dd of=huge bs=1 seek=2999999999 conv=notrunc status=none
            truncate -s 7000000 hole
            chmod 751 dir; chmod 640 file; chmod 555 dir/closed; chmod 1777 dir/empty; chmod 2775 "od d"; chmod 400 big; chmod 4755 dir/two; chmod 755 dir/two
            touch -h -d '1999-12-31 23:59:59.123456789' link; touch -d '2001-02-03 04:05:06.987654321' file dir dir/closed; touch -d '1960-01-01 00:00:00.5' big
            """, first.Workspace);
        if (Environment.UserName == "root")
        {
            Shell.Bash("chown 1234:4321 t/big t/dir; chown -h 77:88 t/link", first.Workspace);
        }

        var saved = await first.SaveAsync("k", "t/");
        using var second = new CacheJob(first);
        var restored = await second.RestoreAsync("k", "t/");

        Assert.Equal(CacheResult.Saved, saved.Result);
        Assert.True(restored.Result == CacheResult.Restored, second.Log);
        Assert.Equal(Shell.Describe(first.Workspace), Shell.Describe(second.Workspace));
        Assert.True(long.Parse(Shell.Bash("du -B1 t/huge | cut -f1", second.Workspace), System.Globalization.CultureInfo.InvariantCulture) < 10_000_000, "holes stay holes");
        Assert.True(first.Server.BytesIn < 5_300_000, $"{first.Server.BytesIn} bytes were sent");
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 6)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Cache_GeneratedTree_ComesBackAndSoDoesAChangedOne(int seed)
    {
        using var first = new CacheJob();
        var tree = new TreeMaker(first.At("t"), seed);
        tree.Make(60);
        await first.SaveAsync("k", "t");
        using var second = new CacheJob(first);
        await second.RestoreAsync("k", "t");
        Assert.Equal(Shell.Describe(first.Workspace), Shell.Describe(second.Workspace));

        // The next job changes some of it and saves: by the record of the restore, not by reading all.
        new TreeMaker(second.At("t"), seed + 1000).Change();
        var again = await second.SaveAsync("k", "t");
        using var third = new CacheJob(first);
        await third.RestoreAsync("k", "t");

        Assert.True(again.FilesRead <= 30, second.Log);
        Assert.Equal(Shell.Describe(second.Workspace), Shell.Describe(third.Workspace));
    }

    [Fact]
    public async Task Save_SocketsAndPipes_AreSkippedWithOneLine()
    {
        using var job = new CacheJob();
        job.Write("t/file");
        Shell.Bash("mkfifo t/a t/b", job.Workspace);

        await job.SaveAsync("k", "t");

        Assert.Contains("WARNING: 2 files skipped, for they are sockets, pipes or devices: t/", job.Log, StringComparison.Ordinal);
        using var second = new CacheJob(job);
        await second.RestoreAsync("k", "t");
        Assert.Equal(["file"], Directory.GetFileSystemEntries(second.At("t")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Save_NothingMatches_SaysSo()
    {
        using var job = new CacheJob();

        var outcome = await job.SaveAsync("k", "missing/", "../outside");

        Assert.Equal(CacheResult.NothingToSave, outcome.Result);
        Assert.Contains("missing/: no matching files", job.Log, StringComparison.Ordinal);
        Assert.Contains("../outside", job.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Save_LinkInThePattern_IsSavedByItsRealPathAndComesBackThroughIt()
    {
        using var first = new CacheJob();
        first.Write("real/sub/file");
        File.CreateSymbolicLink(first.At("link"), "real");
        await first.SaveAsync("k", "link/sub");
        using var second = new CacheJob(first);
        Directory.CreateDirectory(second.At("real"));
        File.CreateSymbolicLink(second.At("link"), "real");

        await second.RestoreAsync("k", "link/sub");

        Assert.True(File.Exists(second.At("real/sub/file")), second.Log);
    }

    [Fact]
    public async Task Save_LinkOutOfTheWorkspaceInThePattern_TakesNothing()
    {
        using var job = new CacheJob();
        Directory.CreateDirectory(Path.Combine(job.Root, "secret"));
        File.WriteAllText(Path.Combine(job.Root, "secret", "s"), "secret");
        File.CreateSymbolicLink(job.At("link"), "../secret");

        Assert.Equal(CacheResult.NothingToSave, (await job.SaveAsync("k", "link/*")).Result);
    }

    [Fact]
    public async Task Untracked_SavesWhatGitDoesNotKnow_AndNeverRestoresOverSources()
    {
        using var first = new CacheJob { Untracked = true };
        Shell.Bash("git init -q .; echo a > tracked; git add tracked; mkdir o; echo b > o/made; echo c > $'o/\\xff'", first.Workspace);
        await first.SaveAsync("k");
        using var second = new CacheJob(first) { Untracked = true };
        Shell.Bash("git init -q .; mkdir o; echo source > o/made; git add o/made", second.Workspace);

        await second.RestoreAsync("k");

        Assert.Equal("source\n", File.ReadAllText(second.At("o/made")));
        Assert.Equal("c\n", Shell.Bash("cat o/$'\\xff'", second.Workspace));
        Assert.False(File.Exists(second.At("tracked")));
        Assert.Contains("left out", second.Log, StringComparison.Ordinal);
    }
}
