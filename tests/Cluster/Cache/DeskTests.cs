using System.Net;
using System.Text;
using Google.Protobuf;
using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Cache.Store;
using PodExecutor.Driver.Options;
using PodExecutor.Link.Cache;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Cache;

/// <summary>What the driver lets the pod do, against a real server.</summary>
public sealed class DeskTests
{
    private static readonly byte[] One = Encoding.UTF8.GetBytes("pack one");
    private static readonly byte[] Two = Encoding.UTF8.GetBytes("pack two");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static ByteString Sha256(ByteString bytes) => ByteString.CopyFrom(System.Security.Cryptography.SHA256.HashData(bytes.Span));

    [Fact]
    public async Task Cache_ThatWasSaved_IsFoundWithGrantsForItsPacks()
    {
        var place = await Place.OpenAsync();
        Assert.Equal(CacheAnswer.AnswerOneofCase.NotFound, (await place.Restore("k").FindAsync()).AnswerCase);

        var saved = await place.Save("k").SaveAsync(One, Two);
        var found = (await place.Restore("k").FindAsync()).Found;

        Assert.False(saved.Committed.Replaced);
        Assert.Equal(("k", "this key"), (found.Key, found.Source));
        Assert.Equal([One, Two], [.. (await Task.WhenAll(found.Grants.Select(g => FakeAgent.SendAsync(g.Object)))).Select(a => a.Content)]);
        var manifest = PodExecutor.Cache.ManifestFile.Read(found.Manifest.Memory);
        Assert.Equal(("k", "https://gitlab.test/job/1"), (manifest.Key, manifest.JobUrl));
    }

    [Fact]
    public async Task Packs_ThatAreStored_AreNotSentAgain()
    {
        var place = await Place.OpenAsync();
        await place.Save("k").SaveAsync(One);

        var granted = (await place.Save("other").GrantAsync(Direction.Save, One, Two)).Grants;

        Assert.Equal([true, false], granted.Grants.Select(g => g.Present));
    }

    [Fact]
    public async Task Known_AreThisKeysManifestFirstAndOnlyWholeOnes()
    {
        var place = await Place.OpenAsync();
        await place.Save("broken").SaveAsync(Two);
        await place.Save("mine").SaveAsync(One);
        await place.Save("other").SaveAsync(One);
        await place.Store.RemoveAsync(place.Names.Pack(Protection.Open, FakeAgent.Pack(Two).Sha256.Span), Cancel);

        var known = (await place.Save("mine").AskAsync(new CacheAsk { Known = new Known() })).Known;

        Assert.Equal(["mine", "other"], known.Manifests.Select(m => PodExecutor.Cache.ManifestFile.Read(m.Memory).Key));
    }

    [Fact]
    public async Task Commit_WithAPackThatIsNotThere_IsRefusedAndLeavesTheOldSave()
    {
        var place = await Place.OpenAsync();
        await place.Save("k").SaveAsync(One);

        var answer = await place.Save("k").CommitAsync(FakeAgent.Manifest(One, Two));

        Assert.Contains("1 of 2 packs", answer.Refused);
        Assert.Single((await place.Restore("k").FindAsync()).Found.Grants);
    }

    [Fact]
    public async Task Keep_OfTheManifestThatIsThere_WritesItOnceMore_AndOfAnyOtherDoesNot()
    {
        var place = await Place.OpenAsync();
        await place.Save("k").SaveAsync(One);
        var restored = Sha256((await place.Restore("k").FindAsync()).Found.Manifest);

        var kept = await place.Save("k").AskAsync(new CacheAsk { Keep = new Keep { ManifestSha256 = restored } });
        await place.Save("k").SaveAsync(One, Two);
        var late = await place.Save("k").AskAsync(new CacheAsk { Keep = new Keep { ManifestSha256 = restored } });
        var elsewhere = await place.Save("other").AskAsync(new CacheAsk { Keep = new Keep { ManifestSha256 = restored } });

        Assert.True(kept.Committed.ManifestSize > 0);
        Assert.False(kept.Committed.Replaced);
        Assert.Equal((CacheAnswer.AnswerOneofCase.NotKept, CacheAnswer.AnswerOneofCase.NotKept), (late.AnswerCase, elsewhere.AnswerCase));
        Assert.Equal(2, (await place.Restore("k").FindAsync()).Found.Grants.Count);
    }

    [Fact]
    public async Task Keep_WhenAPackIsGone_IsNotKept()
    {
        var place = await Place.OpenAsync();
        await place.Save("k").SaveAsync(One);
        var restored = Sha256((await place.Restore("k").FindAsync()).Found.Manifest);
        await place.Store.RemoveAsync(place.Names.Pack(Protection.Open, FakeAgent.Pack(One).Sha256.Span), Cancel);

        var answer = await place.Save("k").AskAsync(new CacheAsk { Keep = new Keep { ManifestSha256 = restored } });

        Assert.Equal(CacheAnswer.AnswerOneofCase.NotKept, answer.AnswerCase);
    }

    [Fact]
    public async Task Commit_OfWhatIsNoManifest_IsRefused()
    {
        var place = await Place.OpenAsync();

        var answer = await place.Save("k").AskAsync(new CacheAsk { Commit = new Commit { Manifest = ByteString.CopyFromUtf8("nonsense") } });

        Assert.NotEmpty(answer.Refused);
        Assert.Equal(CacheAnswer.AnswerOneofCase.NotFound, (await place.Restore("k").FindAsync()).AnswerCase);
    }

    [Fact]
    public async Task Commit_AskedTwice_IsOneSave()
    {
        var place = await Place.OpenAsync();
        var agent = place.Save("k");
        await agent.SaveAsync(One);

        Assert.Equal(CacheAnswer.AnswerOneofCase.Committed, (await agent.CommitAsync(FakeAgent.Manifest(One))).AnswerCase);
        Assert.Single((await place.Restore("k").FindAsync()).Found.Grants);
    }

    [Fact]
    public async Task Saves_OfOneKeyAtOnce_LeaveOneWholeSave()
    {
        var place = await Place.OpenAsync();
        byte[][] Packs(int job) => [.. Enumerable.Range(0, 3).Select(i => Encoding.UTF8.GetBytes($"job {job} pack {i}"))];

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(job => place.Save("k").SaveAsync(Packs(job))));
        var found = (await place.Restore("k").FindAsync()).Found;
        var contents = await Task.WhenAll(found.Grants.Select(g => FakeAgent.SendAsync(g.Object)));

        Assert.All(answers, a => Assert.Equal(CacheAnswer.AnswerOneofCase.Committed, a.AnswerCase));
        var texts = contents.Select(c => Encoding.UTF8.GetString(c.Content)).ToList();
        Assert.Contains(Enumerable.Range(0, 8), job => texts.SequenceEqual(Packs(job).Select(Encoding.UTF8.GetString)));
    }

    [Fact]
    public async Task OtherProjectRunnerAndProtection_SeeNothing()
    {
        var place = await Place.OpenAsync();
        await place.Save("k-protected").SaveAsync(One);

        Assert.Equal(CacheAnswer.AnswerOneofCase.NotFound, (await place.With(project: 8).Restore("k-protected").FindAsync()).AnswerCase);
        Assert.Equal(CacheAnswer.AnswerOneofCase.NotFound, (await place.With(runner: "otherone1").Restore("k-protected").FindAsync()).AnswerCase);
        Assert.Equal(CacheAnswer.AnswerOneofCase.NotFound, (await place.Restore("k-non_protected").FindAsync()).AnswerCase);
        Assert.False((await place.Save("k-non_protected").GrantAsync(Direction.Save, One)).Grants.Grants[0].Present);
        Assert.Empty((await place.Save("k-non_protected").AskAsync(new CacheAsk { Known = new Known() })).Known.Manifests);
        Assert.Contains("1 of 1 packs", (await place.Save("k-non_protected").CommitAsync(FakeAgent.Manifest(One))).Refused);
    }

    [Fact]
    public async Task SharedCaches_AreTheSameForRunners()
    {
        var place = (await Place.OpenAsync()).With(shared: true);
        await place.Save("k").SaveAsync(One);

        Assert.Equal("k", (await place.With(runner: "otherone1").Restore("k").FindAsync()).Found.Key);
    }

    [Fact]
    public async Task Grants_OfARestore_AreOnlyForPacksOfWhatItFound()
    {
        var place = await Place.OpenAsync();
        await place.Save("k").SaveAsync(One);
        await place.Save("other").SaveAsync(Two);
        var agent = place.Restore("k");

        Assert.Empty((await agent.GrantAsync(Direction.Restore, One)).Grants.Grants);
        await agent.FindAsync();
        Assert.Equal(FakeAgent.Pack(One).Sha256, Assert.Single((await agent.GrantAsync(Direction.Restore, One, Two)).Grants.Grants).Sha256);
    }

    [Fact]
    public async Task Grants_AreForTheTasksDirectionOnly()
    {
        var place = await Place.OpenAsync();
        await place.Save("k").SaveAsync(One);
        var restore = place.Restore("k");
        await restore.FindAsync();

        var grant = Assert.Single((await restore.GrantAsync(Direction.Save, One)).Grants.Grants).Object;

        Assert.Equal("GET", grant.Method);
        Assert.NotEmpty((await restore.CommitAsync(FakeAgent.Manifest(One))).Refused);
        Assert.NotEmpty((await place.Save("k").FindAsync()).Refused);
    }

    [Fact]
    public async Task Find_AfterADamagedManifest_GivesTheNextKeyAndTheSameToTheSameAttempt()
    {
        var place = await Place.OpenAsync();
        await place.Store.WriteAsync(place.Names.Manifest(CacheKey.Of("k", false)!), Encoding.UTF8.GetBytes("nonsense"), Cancel);
        await place.Save("second").SaveAsync(One);
        await place.Save("third").SaveAsync(Two);
        var agent = place.Restore("k", "second", "third");

        Assert.Equal("fallback key second", (await agent.FindAsync(0)).Found.Source);
        Assert.Equal("third", (await agent.FindAsync(1)).Found.Key);
        Assert.Equal("second", (await agent.FindAsync(0)).Found.Key);
        Assert.Equal(["k", "second", "third"], (await agent.FindAsync(2)).NotFound.LookedFor);
        Assert.Equal(CacheAnswer.AnswerOneofCase.NotFound, (await agent.FindAsync(3)).AnswerCase);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task ArchiveOfTheRunner_UnderEitherName_IsFoundBeforeFallbacks(int naming)
    {
        var place = await Place.OpenAsync();
        var key = CacheKey.Of("deps/main-non_protected", hashed: naming == 1)!;
        await place.Store.WriteAsync(place.Names.Project + key.RunnerNames[naming], One, Cancel);
        await place.Save("second").SaveAsync(Two);
        var agent = place.Restore("deps/main-non_protected", "second");

        var found = (await agent.FindAsync(0)).Found;

        Assert.Equal("the runner's own archive of this key", found.Source);
        Assert.Equal((HttpStatusCode.OK, (ulong)One.Length), ((await FakeAgent.SendAsync(found.Archive)).Status, found.Archive.Size));
        Assert.Equal("second", (await agent.FindAsync(1)).Found.Key);
    }

    [Fact]
    public async Task Cache_LargerThanAllowed_IsRefused()
    {
        var place = await Place.OpenAsync();
        var small = place with { Options = place.Options with { MaxUploadedArchiveSize = One.Length + 1 } };
        await place.Save("other").SaveAsync(One, Two);

        Assert.Contains("max_uploaded_archive_size", (await small.Save("k").SaveAsync(One, Two)).Refused);
        Assert.Equal(CacheAnswer.AnswerOneofCase.Committed, (await small.Save("k").SaveAsync(One)).AnswerCase);
    }

    [Fact]
    public async Task Store_ThatIsAway_RefusesOnceAndThenAtOnce()
    {
        var place = await Place.OpenAsync();
        await using var proxy = await FaultyStore.StartAsync();
        proxy.Fault = (context, _) => FaultyStore.AnswerAsync(context, 503, "SlowDown");
        var options = place.Server.Options(proxy.Address) with { RetryBudget = TimeSpan.FromMilliseconds(500) };
        using var store = place.Server.Store(options);
        var agent = (place with { Options = options, Store = store }).Restore("k");

        Assert.Contains("503", (await agent.FindAsync()).Refused);
        var requests = proxy.Requests;
        Assert.Contains("503", (await agent.FindAsync()).Refused);
        Assert.Equal(requests, proxy.Requests);
    }
}

/// <summary>A part of the store for one test, and desks before it.</summary>
internal sealed record Place(S3Server Server, CacheOptions Options, S3Store Store, long Project = 7, string Runner = "abcdefghi")
{
    public CacheNames Names => CacheNames.Of(Options, Runner, Project);

    public static async Task<Place> OpenAsync()
    {
        var server = await S3Server.OpenAsync();
        return new Place(server, server.Options(), server.Store());
    }

    public Place With(long? project = null, string? runner = null, bool? shared = null) =>
        this with { Project = project ?? Project, Runner = runner ?? Runner, Options = Options with { Shared = shared ?? Options.Shared } };

    public FakeAgent Restore(params string[] keys) => Agent(Direction.Restore, keys);

    public FakeAgent Save(string key) => Agent(Direction.Save, key);

    private FakeAgent Agent(Direction direction, params string[] keys)
    {
        var item = new CacheItemPlan([.. keys.Select(k => CacheKey.Of(k, hashed: false)!)], ["target"], false);
        var plan = new CachePlan(direction, "/builds/group/demo", Names, [item]) { JobUrl = "https://gitlab.test/job/1" };
        return new FakeAgent(new CacheDesk(plan, Options, Store, TimeProvider.System));
    }
}
