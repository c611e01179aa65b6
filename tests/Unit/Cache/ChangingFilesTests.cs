using PodExecutor.Agent.Cache;
using PodExecutor.Agent.Cache.Runner;
using PodExecutor.Agent.Cache.Save;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Agent.Native;
using PodExecutor.Link.Cache;
using PodExecutor.Tests.Unit.Artifacts;
using PodExecutor.Tests.Unit.Cache.Doubles;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>What happens to files between the walk and the reading.</summary>
public class ChangingFilesTests
{
    [Fact]
    public async Task Reading_FilesThatChangedSinceTheWalk_AreTakenAsTheyAreOrLeftOutAndNamed()
    {
        using var job = new CacheJob();
        job.Write("t/same", "same");
        job.Write("t/longer", "a");
        job.Write("t/shorter", "abcdef");
        job.Write("t/gone", "x");
        job.Write("t/pipe", "x");
        job.Write("t/huge", "x");
        using var workspace = Beneath.Open(job.Workspace);
        var entries = new TreeWalk(workspace, 2).Run(["t"u8.ToArray()], CancellationToken.None).Entries.Where(e => e.Stat.IsRegular).ToList();
        job.Write("t/longer", "abcdef");
        job.Write("t/shorter", "a");
        File.Delete(job.At("t/gone"));
        Shell.Bash("rm t/pipe; mkfifo t/pipe; truncate -s 5000000 t/huge", job.Workspace);

        using var client = new HttpClient();
        var store = new PackStore(new Desk((ask, cancel) => job.Desk.AskAsync("k", ask, cancel), 0), client, TimeProvider.System, new TransferOptions());
        await using var packs = new PackWriter(store, CancellationToken.None);
        var request = new ItemRequest(job.Workspace, new CacheItem { Key = "k" }, 0, 1, 2);
        var reading = new ContentReading(workspace, new ContentIndex("k"), packs, request);
        reading.Run(entries, CancellationToken.None);
        await packs.FinishAsync();

        var byName = entries.ToDictionary(e => PathText.Decode(e.Path));
        Assert.Equal((4, 6, 1), (Length(byName["t/same"]), Length(byName["t/longer"]), Length(byName["t/shorter"])));
        Assert.Equal([false, true, true, true], new[] { "t/same", "t/gone", "t/pipe", "t/huge" }.Select(n => byName[n].IsLeftOut));
        Assert.Subset(new HashSet<string>(["t/longer", "t/shorter"]), reading.Changed.Select(p => PathText.Decode(p)).ToHashSet());
        Assert.Equal(["t/huge"], reading.Torn.Select(p => PathText.Decode(p)));
        Assert.Contains("t/longer", reading.Changed.Select(p => PathText.Decode(p)));
        Assert.Equal(["t/pipe"], reading.Unreadable.Select(p => PathText.Decode(p)));
    }

    [Theory]
    [InlineData("truncate -s 3000000 t/large")]
    [InlineData("head -c 9000000 /dev/zero | tr '\\0' b > t/large")]
    [InlineData("truncate -s 0 t/large; truncate -s 9000000 t/large; printf b >> t/large")]
    [InlineData("truncate -s 10 t/large")]
    public async Task Reading_LargeFileThatChangedSinceTheWalk_IsSavedAsItIsNow(string change)
    {
        using var job = new CacheJob();
        Directory.CreateDirectory(job.At("t"));
        Shell.Bash("head -c 9000000 /dev/zero | tr '\\0' a > t/large", job.Workspace);
        using var workspace = Beneath.Open(job.Workspace);
        var entry = Assert.Single(new TreeWalk(workspace, 1).Run(["t"u8.ToArray()], CancellationToken.None).Entries, e => e.Stat.IsRegular);
        Shell.Bash(change, job.Workspace);

        using var client = new HttpClient();
        var store = new PackStore(new Desk((ask, cancel) => job.Desk.AskAsync("k", ask, cancel), 0), client, TimeProvider.System, new TransferOptions());
        await using var packs = new PackWriter(store, CancellationToken.None);
        var reading = new ContentReading(workspace, new ContentIndex("k"), packs, new ItemRequest(job.Workspace, new CacheItem { Key = "k" }, 0, 1, 2));
        reading.Run([entry], CancellationToken.None);
        await packs.FinishAsync();

        var now = await File.ReadAllBytesAsync(job.At("t/large"), TestContext.Current.CancellationToken);
        var saved = new byte[entry.Stat.Size];
        Assert.Equal(now.Length, saved.Length);
        Assert.All(entry.Chunks.Where(c => c.Place is not null), c => Assert.Equal(ContentDigest.Of(now.AsSpan((int)c.FileOffset, c.Length)), c.Digest));
        Assert.Equal(now.Count(b => b != 0), Covered(entry, now).Count(b => b != 0));
        Assert.Equal(["t/large"], reading.Changed.Select(p => PathText.Decode(p)));
        Assert.False(entry.IsLeftOut);
    }

    private static byte[] Covered(SavedEntry entry, byte[] content) =>
        [.. entry.Chunks.Where(c => c.Place is not null).SelectMany(c => content.AsSpan((int)c.FileOffset, c.Length).ToArray())];

    [Fact]
    public async Task TarArchive_FileThatGrewAndOneThatShrankSinceTheWalk_AreSavedAsTheyAreNow()
    {
        using var build = new BuildDirectory();
        build.Write("t/grew", "a");
        build.Write("t/shrank", new string('a', 1000));
        build.Write("t/gone", "a");
        using var workspace = Beneath.Open(build.Path);
        var entries = new TreeWalk(workspace, 1).Run(["t"u8.ToArray()], CancellationToken.None).Entries;
        build.Write("t/grew", "abcdef");
        build.Write("t/shrank", "a");
        File.Delete(build.At("t/gone"));

        using var archive = new MemoryStream();
        await TarZstdFormat.WriteAsync(build.Context, entries, 1, archive, TestContext.Current.CancellationToken);

        Assert.Equal([("t/grew", "abcdef"), ("t/shrank", "a")], await FilesAsync(archive));
        Assert.Contains("t/gone: left out", build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TarArchive_FileThatChangesWhileItIsRead_IsLeftOutWhole()
    {
        using var build = new BuildDirectory();
        build.Write("t/a", "first");
        build.Write("t/b", new string('b', 5000));
        build.Write("t/c", "last");
        using var workspace = Beneath.Open(build.Path);
        var entries = new TreeWalk(workspace, 1).Run(["t"u8.ToArray()], CancellationToken.None).Entries;

        // Its header is 512 bytes of the archive: the second file is cut while the archive's first bytes are stored.
        using var archive = new ChangingStream(() => File.WriteAllText(build.At("t/b"), "cut"));
        build.Write("t/b", Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(3_000_000)));
        await TarZstdFormat.WriteAsync(build.Context, entries, 1, archive, TestContext.Current.CancellationToken);

        Assert.Equal([("t/a", "first"), ("t/c", "last")], await FilesAsync(archive));
        Assert.Contains("t/b: left out of the cache: it was written while it was read", build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void Walk_WorkerThatFails_EndsTheOthersAndTheWalk()
    {
        // Nothing that a tree can hold makes a worker fail so: a defect does.
        var walk = new TreeWalk(null!, 4);

        Assert.ThrowsAny<NullReferenceException>(() => walk.Run([[]], TestContext.Current.CancellationToken));
    }

    private static async Task<List<(string, string)>> FilesAsync(MemoryStream archive)
    {
        archive.Position = 0;
        await using var content = new ZstdSharp.DecompressionStream(archive, leaveOpen: true);
        await using var tar = new System.Formats.Tar.TarReader(content);
        var files = new List<(string, string)>();
        while (await tar.GetNextEntryAsync() is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                using var reader = new StreamReader(data);
                files.Add((entry.Name, await reader.ReadToEndAsync()));
            }
        }

        return files;
    }

    /// <summary>Acts at the first write to it.</summary>
    private sealed class ChangingStream(Action act) : MemoryStream
    {
        private bool _acted;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Act();
            base.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            Act();
            base.Write(buffer, offset, count);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            Act();
            return base.WriteAsync(buffer, offset, count, cancellationToken);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Act();
            base.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        private void Act()
        {
            if (!_acted)
            {
                _acted = true;
                act();
            }
        }
    }

    private static int Length(SavedEntry entry) => Assert.Single(entry.Chunks).Length;
}
