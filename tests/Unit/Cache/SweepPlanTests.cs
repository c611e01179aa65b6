using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Cache.Care;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>What `cache gc` decides to remove.</summary>
public sealed class SweepPlanTests
{
    private const string Prefix = "project/7/pod-executor/open/";

    private static readonly DateTimeOffset Now = new(2026, 1, 31, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Key_NotUsedForLong_GoesWithPacksThatNobodyElseNeeds()
    {
        var space = Space([Key("old", days: 31, "p1", "p2"), Key("new", days: 1, "p2")], Packs(days: 31, "p1", "p2"));

        var plan = Plan(space);

        Assert.Equal(["old"], plan.Keys.Select(k => k.Key.Content!.Key));
        Assert.Equal([Pack("p1")], plan.Packs.Select(p => p.Name));
    }

    [Fact]
    public void Key_RestoredLately_Stays()
    {
        var use = new StoredObject($"{Prefix}used/old", 0, Now.AddDays(-2));
        var space = Space([Key("old", days: 31, "p1")], Packs(days: 31, "p1")) with { Uses = new Dictionary<string, StoredObject> { [use.Name] = use } };

        var plan = Plan(space);

        Assert.Empty(plan.Keys);
        Assert.Empty(plan.Packs);
        Assert.Empty(plan.Uses);
    }

    [Fact]
    public void Packs_YoungerThanAJob_StayThoughNobodyNeedsThem() => Assert.Empty(Plan(Space([], Packs(days: 0.9, "p1"))).Packs);

    [Fact]
    public void Packs_OlderThanAJobAndNeededByNobody_Go() => Assert.Single(Plan(Space([], Packs(days: 1.1, "p1"))).Packs);

    [Fact]
    public void Uses_OfKeysThatAreGone_Go()
    {
        var use = new StoredObject($"{Prefix}used/gone", 0, Now.AddDays(-2));

        Assert.Equal([use], Plan(Space([], []) with { Uses = new Dictionary<string, StoredObject> { [use.Name] = use } }).Uses);
    }

    [Fact]
    public void Manifest_ThatCannotBeRead_GoesWhenNoJobCanBeWritingIt()
    {
        var damaged = new CachedKey(new StoredObject($"{Prefix}manifests/damaged", 10, Now.AddDays(-2)), null);
        var young = new CachedKey(new StoredObject($"{Prefix}manifests/young", 10, Now.AddHours(-2)), null);

        Assert.Equal([damaged], Plan(Space([damaged, young], [])).Keys.Select(k => k.Key));
    }

    [Fact]
    public void Quota_RemovesTheLeastRecentlyUsedUntilTheRestFits()
    {
        var space = Space(
            [Key("first", days: 9, "a"), Key("second", days: 8, "b", "shared"), Key("third", days: 7, "c", "shared")],
            Packs(days: 10, "a", "b", "c", "shared"));

        // 4 packs of 100 and 3 manifests of 10 are 430. Without "first" 320; without "second" 210, for "shared" stays.
        Assert.Empty(Plan(space, quota: 430).Keys);
        Assert.Equal(["first"], Plan(space, quota: 320).Keys.Select(k => k.Key.Content!.Key));
        Assert.Equal(["first", "second"], Plan(space, quota: 319).Keys.Select(k => k.Key.Content!.Key));
        Assert.Equal([Pack("a"), Pack("b")], Plan(space, quota: 319).Packs.Select(p => p.Name));
    }

    [Fact]
    public void Quota_CountsEachProjectByItself()
    {
        var seven = Space([Key("k", days: 1, "a")], Packs(days: 1, "a"));
        var eight = seven with { Prefix = "project/8/pod-executor/open/", ProjectId = 8 };

        Assert.Empty(SweepPlan.Of(new CacheInventory([seven, eight], []), Options(quota: 110), Now).Keys);
    }

    [Fact]
    public void LayerCaches_NotUsedForLong_GoManifestFirst_AndLayersAfterTheManifestsThatNeedThem()
    {
        var space = Space([], []) with
        {
            Builds =
            [
                new StoredObject($"{Prefix}build/blobs/sha256:a", 100, Now.AddDays(-32.1)), new StoredObject($"{Prefix}build/blobs/sha256:b", 100, Now.AddDays(-31.9)),
                new StoredObject($"{Prefix}build/manifests/old", 10, Now.AddDays(-30.1)), new StoredObject($"{Prefix}build/manifests/main", 10, Now.AddDays(-29.9)),
            ],
        };

        Assert.Equal(["manifests/old", "blobs/sha256:a"], Plan(space).Packs.Select(p => p.Name[$"{Prefix}build/".Length..]));
    }

    private static SweepPlan Plan(CacheSpace space, long quota = 0) => SweepPlan.Of(new CacheInventory([space], []), Options(quota), Now);

    private static CacheOptions Options(long quota) => new()
    {
        KeepFor = TimeSpan.FromDays(30),
        LongestJob = TimeSpan.FromDays(1),
        ProjectQuota = quota,
        S3 = new S3Options { ServerAddress = "s3", BucketName = "b" },
    };

    private static CacheSpace Space(IReadOnlyList<CachedKey> keys, IEnumerable<StoredObject> packs) =>
        new(Prefix, 7, null, Protection.Open, keys, packs.ToDictionary(p => p.Name), new Dictionary<string, StoredObject>());

    private static CachedKey Key(string key, double days, params string[] packs) =>
        new(new StoredObject($"{Prefix}manifests/{key}", 10, Now.AddDays(-days)), new CacheContent(key, [.. packs.Select(Pack)], 1, 1, "", []));

    private static IEnumerable<StoredObject> Packs(double days, params string[] names) => names.Select(n => new StoredObject(Pack(n), 100, Now.AddDays(-days)));

    private static string Pack(string name) => $"{Prefix}packs/{name}";
}
