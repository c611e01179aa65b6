using PodExecutor.Agent.Cache;
using PodExecutor.Agent.Cache.Save;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Agent.Native;
using PodExecutor.Link.Cache;
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
        Assert.Subset(new HashSet<string>(["t/longer", "t/shorter", "t/huge"]), reading.Changed.Select(p => PathText.Decode(p)).ToHashSet());
        Assert.Contains("t/longer", reading.Changed.Select(p => PathText.Decode(p)));
        Assert.Equal(["t/pipe"], reading.Unreadable.Select(p => PathText.Decode(p)));
    }

    private static int Length(SavedEntry entry) => Assert.Single(entry.Chunks).Length;
}
