using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using PodExecutor.Agent.Cache;
using PodExecutor.Tests.Unit.Cache.Doubles;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>Archives that another program wrote.</summary>
public class ArchiveTests
{
    public static TheoryData<string> Makers =>
    [
        "zip -qry ../a.zip t",
        "zip -qry -0 ../a.zip t",
        "tar --format=posix -cf - t | zstd -q > ../a.zip",
        "tar --format=gnu -czf ../a.zip ./t",
    ];

    [Theory]
    [MemberData(nameof(Makers))]
    public async Task Restore_ArchiveOfTheRunner_ComesBack(string make)
    {
        using var first = new CacheJob();
        MakeTree(first);
        Shell.Bash(make, first.Workspace);
        using var job = await RestoredAsync(first, await File.ReadAllBytesAsync(Path.Combine(first.Root, "a.zip"), TestContext.Current.CancellationToken));

        Assert.Equal(Plain(first), Plain(job));
        Assert.Contains("(the runner's own archive): ", job.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_ZipWithZstd_ComesBack()
    {
        using var first = new CacheJob();
        MakeTree(first);
        using var job = await RestoredAsync(first, ZipMaker.Zstd(("t/hello", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("hello ", 1000))))));

        Assert.Equal(6000, new FileInfo(job.At("t/hello")).Length);
    }

    [Fact]
    public async Task Restore_ArchiveThatIsCut_IsOneWarningAndNothingElse()
    {
        using var first = new CacheJob();
        MakeTree(first);
        foreach (var make in Makers)
        {
            Shell.Bash("rm -f ../a.zip; " + make.Data, first.Workspace);
            var whole = await File.ReadAllBytesAsync(Path.Combine(first.Root, "a.zip"), TestContext.Current.CancellationToken);
            foreach (var length in new[] { 0, 3, 100, whole.Length / 2, whole.Length - 700 })
            {
                using var job = new CacheJob(first);
                first.Desk.Candidates.Clear();
                first.Desk.Candidates.Add(first.Desk.Archive("cut", whole[..Math.Max(0, length)]));

                await job.RestoreAsync("k", "t");

                Assert.False(Directory.Exists(job.At("t")), $"{make.Data} cut at {length}: {job.Log}");
                Assert.Equal(1, job.Log.Split("WARNING").Length - 1);
            }
        }
    }

    public static TheoryData<string> Malices => [.. Malicious.Keys];

    private static readonly Dictionary<string, Action<List<Member>>> Malicious = new()
    {
        ["absolute"] = m => m.Add(new Member("/tmp/pex-outside", "evil")),
        ["upwards"] = m => m.Add(new Member("../outside", "evil")),
        ["upwards within"] = m => m.Add(new Member("t/../../outside", "evil")),
        ["link, then a file through it"] = m => m.AddRange([new Member("t/l", Link: "../.."), new Member("t/l/outside", "evil")]),
        ["a file, then a file below it"] = m => m.AddRange([new Member("t/l", "x"), new Member("t/l/outside", "evil")]),
        ["a file below, then a link"] = m => m.AddRange([new Member("t/l/outside", "evil"), new Member("t/l", Link: "../..")]),
        ["duplicate"] = m => m.AddRange([new Member("t/a", "x"), new Member("t/a", "evil")]),
        ["duplicate link and file"] = m => m.AddRange([new Member("t/a", Link: "../../outside"), new Member("t/a", "evil")]),
        ["name that is no name"] = m => m.Add(new Member("t//x", "evil")),
        ["bomb"] = m => m.Add(new Member("t/bomb", new string('\0', 30_000_000))),
    };

    [Theory]
    [MemberData(nameof(Malices))]
    public async Task Restore_MaliciousArchive_WritesNothingOutsideAndNothingInside(string malice)
    {
        foreach (var (name, archive) in MakeAll(Malicious[malice]))
        {
            using var job = new CacheJob { MaxBytes = 1_000_000 };
            job.Desk.Candidates.Add(job.Desk.Archive("evil", archive));

            var outcome = await job.RestoreAsync("k", "t", "*");

            Assert.True(outcome.Result == CacheResult.Missed, $"{name}: {job.Log}");
            Assert.Empty(Directory.GetFileSystemEntries(job.Workspace));
            Assert.Equal(["build"], Directory.GetFileSystemEntries(job.Root).Select(Path.GetFileName));
            Assert.Equal(1, job.Log.Split("WARNING").Length - 1);
            Assert.False(File.Exists("/tmp/pex-outside"));
        }
    }

    [Fact]
    public async Task Restore_TarWithHardLinkOutwards_IsRefused()
    {
        foreach (var target in new[] { "/etc/passwd", "../outside", "t/none", "t/link" })
        {
            using var bytes = new MemoryStream();
            await using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "t/link") { LinkName = "/etc/passwd" });
                tar.WriteEntry(new PaxTarEntry(TarEntryType.HardLink, "t/hard") { LinkName = target });
            }

            using var job = new CacheJob();
            job.Desk.Candidates.Add(job.Desk.Archive("evil", Gzip(bytes.ToArray())));

            Assert.Equal(CacheResult.Missed, (await job.RestoreAsync("k", "t")).Result);
            Assert.Empty(Directory.GetFileSystemEntries(job.Workspace));
        }
    }

    [Fact]
    public async Task Restore_TarWithDevices_SkipsThem()
    {
        using var bytes = new MemoryStream();
        await using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.BlockDevice, "t/sda") { DeviceMajor = 8, DeviceMinor = 0 });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.Fifo, "t/pipe"));
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "t/file") { DataStream = new MemoryStream([1, 2, 3]) });
        }

        using var job = new CacheJob();
        job.Desk.Candidates.Add(job.Desk.Archive("devices", Gzip(bytes.ToArray())));

        Assert.Equal(CacheResult.Restored, (await job.RestoreAsync("k", "t")).Result);
        Assert.Equal(["file"], Directory.GetFileSystemEntries(job.At("t")).Select(Path.GetFileName));
        Assert.Contains("2 files skipped", job.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_SetuidFile_LosesTheBit()
    {
        using var job = new CacheJob();
        job.Desk.Candidates.Add(job.Desk.Archive("suid", Artifacts.BuildDirectory.Zip(("t/su", 0x89ED, "x"))));

        await job.RestoreAsync("k", "t");

        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(job.At("t/su")));
    }

    [Fact]
    public async Task Restore_ZipWithOverlappingEntries_IsRefused()
    {
        var zip = Artifacts.BuildDirectory.Zip(("t/a", 0x81A4, new string('a', 1000)), ("t/b", 0x81A4, new string('b', 1000)));

        // The second directory line's offset of its local header := 0.
        var second = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        zip.AsSpan(second + 42, 4).Clear();
        using var job = new CacheJob();
        job.Desk.Candidates.Add(job.Desk.Archive("overlap", zip));

        Assert.Equal(CacheResult.Missed, (await job.RestoreAsync("k", "t")).Result);
        Assert.Contains("is not where it says", job.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_ArchiveOverABrokenConnection_GoesOnWhereItWasCut()
    {
        using var first = new CacheJob();
        MakeTree(first);
        Shell.Bash("tar -cf - t | zstd -q > ../a", first.Workspace);
        var calls = 0;
        first.Server.Faults = _ => Interlocked.Increment(ref calls) % 3 != 0 ? new Fault(CutAfter: 50_000) : null;

        using var job = await RestoredAsync(first, await File.ReadAllBytesAsync(Path.Combine(first.Root, "a"), TestContext.Current.CancellationToken));

        Assert.Equal(Plain(first), Plain(job));
    }

    private static async Task<CacheJob> RestoredAsync(CacheJob first, byte[] archive)
    {
        var job = new CacheJob(first);
        first.Desk.Candidates.Add(first.Desk.Archive("legacy", archive));
        var outcome = await job.RestoreAsync("k", "t");
        Assert.True(outcome.Result == CacheResult.Restored, job.Log);
        return job;
    }

    private static void MakeTree(CacheJob job) => Shell.Bash(
        """
        mkdir -p t/empty t/d; head -c 3000000 /dev/urandom > t/big; seq 100000 > t/d/text; : > t/d/nothing; ln -s ../nowhere t/link; ln -s text t/d/l
        chmod 600 t/big; chmod 755 t/d/text; chmod 750 t/d; echo ü > t/größe; touch -d '2011-12-13 14:15:16' t/big t/d t/empty t/d/*
        """, job.Workspace);

    // Whole seconds, for zip has no more, and without links' own times.
    private static string Plain(CacheJob job) => Shell.Bash(
        """
        find . -mindepth 1 ! -type l -printf '%p %y %m %U %G %Ts %l\n' | grep -v '^./t d\|^./t/gr' | LC_ALL=C sort; find . -type l -printf '%p %l\n' | LC_ALL=C sort
        find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
        """, job.Workspace);

    private sealed record Member(string Name, string Content = "", string? Link = null);

    private static IEnumerable<(string Name, byte[] Archive)> MakeAll(Action<List<Member>> malice)
    {
        var members = new List<Member> { new("t/good", "good") };
        malice(members);
        yield return ("zip", Artifacts.BuildDirectory.Zip([.. members.Select(m => (m.Name, m.Link is null ? 0x81A4u : 0xA1FFu, m.Link ?? m.Content))]));
        using var bytes = new MemoryStream();
        using (var tar = new TarWriter(bytes, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var member in members)
            {
                tar.WriteEntry(member.Link is { } link
                    ? new PaxTarEntry(TarEntryType.SymbolicLink, member.Name) { LinkName = link }
                    : new PaxTarEntry(TarEntryType.RegularFile, member.Name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(member.Content)) });
            }
        }

        yield return ("tar.gz", Gzip(bytes.ToArray()));
        using var zstd = new ZstdSharp.Compressor();
        yield return ("tar.zst", zstd.Wrap(bytes.ToArray()).ToArray());
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var to = new MemoryStream();
        using (var gzip = new GZipStream(to, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return to.ToArray();
    }
}
