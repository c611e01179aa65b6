using System.Text;
using System.Text.Json;
using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Cache.Care;
using PodExecutor.Link.Cache;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Cache;

/// <summary>`pod-executor cache …` against a real server.</summary>
public sealed class CareTests(TestCluster cluster)
{
    private static readonly byte[] One = Encoding.UTF8.GetBytes("pack one");
    private static readonly byte[] Two = Encoding.UTF8.GetBytes("pack two");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sweep_LaterThanEverythingIsKept_RemovesKeysThenTheirPacks()
    {
        var place = await Place.OpenAsync();
        await place.Save("k").SaveAsync(One, Two);
        await place.Restore("k").FindAsync();

        var dry = await Care(place, days: 31).SweepAsync(dryRun: true, Cancel);
        Assert.Equal(CacheAnswer.AnswerOneofCase.Found, (await place.Restore("k").FindAsync()).AnswerCase);
        var done = await Care(place, days: 31).SweepAsync(dryRun: false, Cancel);

        Assert.Equal((1, 2L, (long)One.Length + Two.Length), (dry.Keys.Count, dry.Packs, dry.PackBytes));
        Assert.Equal((1, 2L, (long)One.Length + Two.Length), (done.Keys.Count, done.Packs, done.PackBytes));
        Assert.Equal(CacheAnswer.AnswerOneofCase.NotFound, (await place.Restore("k").FindAsync()).AnswerCase);
        Assert.Empty((await Care(place, days: 31).SweepAsync(dryRun: true, Cancel)).Keys);
    }

    [Fact]
    public async Task Sweep_WhileAJobSavesTheSamePack_LeavesThePack()
    {
        var place = await Place.OpenAsync();
        await place.Save("old").SaveAsync(One);
        var inventory = await new InventoryReader(place.Store, place.Server.Folder + "/").ReadAsync(Cancel);
        var plan = SweepPlan.Of(inventory, place.Options, DateTimeOffset.UtcNow.AddDays(31));
        Assert.Single(plan.Packs);

        // The plan is made; now a job commits another key with that pack, and the sweep goes on.
        await place.Save("new").SaveAsync(One);
        var outcome = await new Sweep(place.Store, new InventoryReader(place.Store, place.Server.Folder + "/"), place.Options, new ShiftedClock(TimeSpan.FromDays(31)))
            .RunAsync(plan, inventory, Cancel);

        Assert.Equal(("old", 0L), (Assert.Single(outcome.Keys).Key.Content!.Key, outcome.Packs));
        Assert.Single((await place.Restore("new").FindAsync()).Found.Grants);
    }

    [Fact]
    public async Task Sweep_OfALayerCache_RemovesItWhenItWasNotUsedForLong()
    {
        var place = await Place.OpenAsync();
        var build = place.Names.Space(Protection.NonProtected) + CacheNames.Builds;
        await place.Store.WriteAsync(build + "manifests/topic", One, Cancel);
        await place.Store.WriteAsync(build + "blobs/sha256:1", Two, Cancel);

        var usage = Assert.Single(await Care(place, days: 0).UsageAsync(Cancel));
        var early = await Care(place, days: 29).SweepAsync(dryRun: false, Cancel);
        var first = await Care(place, days: 31).SweepAsync(dryRun: false, Cancel);
        var then = await Care(place, days: 33).SweepAsync(dryRun: false, Cancel);

        Assert.Equal(((long)One.Length + Two.Length, 0L), (usage.StoredBytes, usage.ArchiveObjects));
        Assert.Equal((0, 1L, 1L), (early.Packs, first.Packs, then.Packs));
        Assert.Empty(await place.Store.ListAsync(build, Cancel));
    }

    [Fact]
    public async Task Sweep_OfAKeyThatIsSavedAnewMeanwhile_LeavesIt()
    {
        var place = await Place.OpenAsync();
        await place.Save("k").SaveAsync(One);
        var reader = new InventoryReader(place.Store, place.Server.Folder + "/");
        var inventory = await reader.ReadAsync(Cancel);
        var plan = SweepPlan.Of(inventory, place.Options, DateTimeOffset.UtcNow.AddDays(31));
        await place.Save("k").SaveAsync(One);
        var outcome = await new Sweep(place.Store, reader, place.Options, new ShiftedClock(TimeSpan.FromDays(31))).RunAsync(plan, inventory, Cancel);

        Assert.Empty(outcome.Keys);
        Assert.Equal(0, outcome.Packs);
    }

    [Fact]
    public async Task Verbs_ShowAndRemoveWhatIsThere()
    {
        var place = await Place.OpenAsync();
        await place.Save("deps/main-non_protected").SaveAsync(One);
        await place.With(project: 8).Save("other").SaveAsync(Two);
        await place.Store.WriteAsync(place.Names.Project + "archive", One, Cancel);

        var (list, _) = await VerbAsync(place, 0, "ls", "--json");
        var (usage, _) = await VerbAsync(place, 0, "usage", "--json");
        var (shown, _) = await VerbAsync(place, 0, "show", "deps/main-non_protected");
        var (_, nothing) = await VerbAsync(place, 1, "rm", "deps/main-non_protected", "--project", "8");
        await VerbAsync(place, 0, "rm", "deps/main-non_protected", "--project", "7", "--dry-run");
        var (removed, _) = await VerbAsync(place, 0, "rm", "deps/main-non_protected", "--project", "7");
        var (left, _) = await VerbAsync(place, 0, "ls");
        var (swept, _) = await VerbAsync(place, 0, "gc");

        var keys = JsonDocument.Parse(list).RootElement.EnumerateArray().ToList();
        Assert.Equal([(7, "deps/main-non_protected", "non_protected"), (8, "other", "open")], keys.Select(k =>
            (k.GetProperty("project").GetInt32(), k.GetProperty("key").GetString()!, k.GetProperty("protection").GetString()!)));
        Assert.Equal(1, JsonDocument.Parse(usage).RootElement[0].GetProperty("archive_objects").GetInt32());
        Assert.Contains("https://gitlab.test/job/1", shown);
        Assert.Contains("there is no key", nothing);
        Assert.Contains("Removed 1 keys", removed);
        Assert.Contains("other", left);
        Assert.DoesNotContain("deps/main", left);
        Assert.Contains("Removed 0 keys and 0 packs", swept);
    }

    [Fact]
    public async Task Verbs_WithoutATableOrAStore_SaySo()
    {
        var place = await Place.OpenAsync();
        var (_, error) = await VerbWithAsync("", 3, "ls");
        var (_, away) = await VerbWithAsync(place.Server.Toml(S3Server.Nobody(), "retry_budget = 0"), 1, "usage");

        Assert.Contains("has no [cache]", error);
        Assert.Contains("cannot be reached", away);
    }

    private static CacheCare Care(Place place, int days) => new(place.Store, place.Options, new ShiftedClock(TimeSpan.FromDays(days)));

    private Task<(string Stdout, string Stderr)> VerbAsync(Place place, int code, params string[] arguments) => VerbWithAsync(place.Server.Toml(), code, arguments);

    private async Task<(string Stdout, string Stderr)> VerbWithAsync(string toml, int code, params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("options-");
        try
        {
            var file = Path.Combine(folder.FullName, "options.toml");
            await File.WriteAllTextAsync(file, new JobRequest { Options = toml }.ToOptions(cluster), Cancel);
            var (exit, stdout, stderr) = await Shell.TryAsync(cluster.Binary, ["--config", file, "cache", .. arguments]);
            Assert.True(exit == code, $"exit {exit}\n{stdout}{stderr}");
            return (stdout, stderr);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
