using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Link.Cache;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>What the job file's caches come to.</summary>
public sealed class CachePlannerTests
{
    private const string Restore = "restore_cache";
    private const string Save = "archive_cache";

    [Fact]
    public void Restore_OfAKeyWithVariables_TriesItsFallbacksInOrderAndEachOnce()
    {
        var cache = new CacheRequest { Key = "$NAME-non_protected", Paths = ["target/"], FallbackKeys = ["$NAME-non_protected", "other-non_protected"] };

        var plan = Plan(Restore, [cache], ("NAME", "deps-${BRANCH}"), ("BRANCH", "main"), ("CACHE_FALLBACK_KEY", "last"));

        var item = Assert.Single(plan.Items);
        Assert.Equal(["deps-main-non_protected", "other-non_protected", "last"], item.Keys.Select(k => k.Text));
        Assert.Equal(["target"], item.Paths);
        Assert.Equal((Direction.Restore, "/builds/group/demo"), (plan.Direction, plan.Workspace));
        Assert.Equal("runner/abcdefghi/project/7/", plan.Names.Project);
    }

    [Fact]
    public void FallbackOfThePipeline_ThatNamesAProtectedCache_IsLeftOutWithAWarning()
    {
        var plan = Plan(Restore, [Cache("a-non_protected")], ("CACHE_FALLBACK_KEY", "main-protected."));

        Assert.Equal(["a-non_protected"], plan.Items[0].Keys.Select(k => k.Text));
        Assert.Contains("CACHE_FALLBACK_KEY main-protected.", Assert.Single(plan.Warnings));
    }

    [Fact]
    public void Key_ThatIsEmpty_IsJobAndRef() => Assert.Equal("test job/main", Plan(Save, [Cache("$NOTHING")]).Items[0].Key.Text);

    [Fact]
    public void Key_OfWhichNothingIsLeft_IsSkippedWithAWarning()
    {
        var plan = Plan(Save, [Cache("../"), Cache("good")]);

        Assert.Equal("good", Assert.Single(plan.Items).Key.Text);
        Assert.Contains("\"../\"", Assert.Single(plan.Warnings));
    }

    [Theory]
    [InlineData("pull", true, false)]
    [InlineData("push", false, true)]
    [InlineData("pull-push", true, true)]
    [InlineData("", true, true)]
    [InlineData("$POLICY", true, false)]
    public void Policy_DecidesTheDirections(string policy, bool restores, bool saves)
    {
        var cache = Cache("k") with { Policy = policy };

        Assert.Equal(restores, Plan(Restore, [cache], ("POLICY", "pull")).Items.Count == 1);
        Assert.Equal(saves, Plan(Save, [cache], ("POLICY", "pull")).Items.Count == 1);
    }

    [Fact]
    public void Policy_ThatSkips_IsSaid() =>
        Assert.Equal(["Not uploading cache k due to policy"], Plan(Save, [Cache("k") with { Policy = "pull" }]).Notices);

    [Theory]
    [InlineData("", true, false)]
    [InlineData("on_success", true, false)]
    [InlineData("on_failure", false, true)]
    [InlineData("always", true, true)]
    public void When_DecidesWhichEndOfTheJobSaves(string when, bool success, bool failure)
    {
        var cache = Cache("k") with { When = when };

        Assert.Equal(success, Plan(Save, [cache]).Items.Count == 1);
        Assert.Equal(failure, Plan("archive_cache_on_failure", [cache]).Items.Count == 1);
        Assert.Single(Plan(Restore, [cache]).Items);
    }

    [Fact]
    public void Paths_OutsideTheProject_AreLeftOutWithAWarning()
    {
        var cache = new CacheRequest { Key = "k", Paths = ["/etc", "../other", "$CI_PROJECT_DIR/.m2/", "a/../b/**/*.o", "/builds/group/demo2/x", "./c"] };

        var plan = Plan(Save, [cache]);

        Assert.Equal([".m2", "b/**/*.o", "c"], plan.Items[0].Paths);
        Assert.Equal(3, plan.Warnings.Count);
    }

    [Fact]
    public void Cache_WithoutPathsAndUntracked_IsNone() => Assert.Empty(Plan(Save, [new CacheRequest { Key = "k" }]).Items);

    [Fact]
    public void Cache_Untracked_NeedsNoPath() => Assert.True(Assert.Single(Plan(Save, [new CacheRequest { Key = "k", Untracked = true }]).Items).Untracked);

    [Fact]
    public void ShortToken_ThatThePipelineSets_SwitchesCachesOff()
    {
        var plan = Plan(Restore, [Cache("k")], ("CI_RUNNER_SHORT_TOKEN", "somebody-else"));

        Assert.Empty(plan.Items);
        Assert.Contains("CI_RUNNER_SHORT_TOKEN", Assert.Single(plan.Warnings));
    }

    [Fact]
    public void ShortToken_WithSharedCaches_IsNotNeeded()
    {
        var plan = Plan(Restore, [Cache("k")], shared: true, ("CI_RUNNER_SHORT_TOKEN", "somebody-else"));

        Assert.Equal("project/7/", plan.Names.Project);
        Assert.Single(plan.Items);
    }

    [Fact]
    public void Numbers_OfTheJob_AreKeptWithinBounds()
    {
        var plan = Plan(Restore, [Cache("k")], ("RESTORE_CACHE_ATTEMPTS", "99"), ("CACHE_COMPRESSION_LEVEL", "fastest"), ("CACHE_REQUEST_TIMEOUT", "0"));

        Assert.Equal((10, 1u, TimeSpan.FromMinutes(1)), (plan.Attempts, plan.Level, plan.TimeLimit));
    }

    [Fact]
    public void Hashing_ComesFromTheJobOrTheRunner()
    {
        Assert.Equal("a/../b", Plan(Restore, [Cache("a/../b")], ("FF_HASH_CACHE_KEYS", "true")).Items[0].Key.Text);
        Assert.Equal("b", Plan(Restore, [Cache("a/../b")]).Items[0].Key.Text);
    }

    [Theory]
    [InlineData("get_sources")]
    [InlineData("build_script")]
    public void OtherStages_HaveNoPlan(string stage) => Assert.Null(CachePlanner.Decide(Request([Cache("k")]), Options(shared: false), new Stage(stage)));

    private static CacheRequest Cache(string key) => new() { Key = key, Paths = ["target"] };

    private static CachePlan Plan(string stage, IReadOnlyList<CacheRequest> caches, params ReadOnlySpan<(string, string)> variables) =>
        Plan(stage, caches, shared: false, variables);

    private static CachePlan Plan(string stage, IReadOnlyList<CacheRequest> caches, bool shared, params ReadOnlySpan<(string, string)> variables) =>
        CachePlanner.Decide(Request(caches, variables), Options(shared), new Stage(stage))!;

    private static JobRequest Request(IReadOnlyList<CacheRequest> caches, params ReadOnlySpan<(string Key, string Value)> variables)
    {
        var set = new List<JobVariable>();
        foreach (var (key, value) in variables)
        {
            set.Add(new JobVariable { Key = key, Value = value, Public = true });
        }

        var response = new JobResponse
        {
            Id = 1,
            JobInfo = new JobInfo { Name = "test job", ProjectId = 7, ProjectFullPath = "group/demo" },
            GitInfo = new GitInfo { Ref = "main" },
            Variables = set,
            Cache = caches,
        };

        // As gitlab-runner hands them over: the pipeline's variable in the place of its own.
        string? Environment(string name) => set.Find(v => v.Key == name)?.Value
            ?? name switch { "CI_RUNNER_SHORT_TOKEN" => "abcdefghi", "CI_PROJECT_DIR" => "/builds/group/demo", _ => null };
        return new JobRequest(response, "abcdefghi", "0", null) { Runner = RunnerFacts.Of(Environment, response) };
    }

    private static CacheOptions Options(bool shared) => new() { Shared = shared, S3 = new S3Options { ServerAddress = "s3", BucketName = "b" } };
}
