using PodExecutor.Driver.Builders;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Link.Builders;

namespace PodExecutor.Tests.Unit.Builders;

/// <summary>Who reads and writes which layer cache.</summary>
public sealed class BuildCacheSetupTests
{
    private const string Space = "ci/runner/abcdefghi/project/7/pod-executor/";

    [Theory]
    [InlineData("feature/A", "branch", false, "non_protected/build/ feature-a-", "non_protected/build/ feature-a-; protected/build/ main-; non_protected/build/ main-")]
    [InlineData("main", "branch", true, "protected/build/ main-", "protected/build/ main-")]
    [InlineData("release", "branch", true, "protected/build/ release-", "protected/build/ release-; protected/build/ main-")]
    [InlineData("v1", "tag", true, "protected/build/ ", "protected/build/ main-")]
    [InlineData("topic", "", null, "open/build/ topic-", "open/build/ topic-; open/build/ main-")]
    public void Cache_IsWrittenInItsOwnClassAndReadFromTheDefaultBranch(string reference, string type, bool? isProtected, string written, string read)
    {
        var policy = Policy(reference, type, isProtected);

        static string Show(string prefix, string name) => $"{prefix[Space.Length..]} {(name.Length > 12 ? name[..^12] : name)}";
        Assert.StartsWith(Space, policy.Cache.Prefix);
        Assert.Equal(written, Show(policy.Cache.Prefix, policy.Cache.Name));
        Assert.Equal(read, string.Join("; ", policy.Cache.Sources.Select(s => Show(s.Prefix, s.Name))));
        Assert.Equal(("https://s3.test:9000", "bucket", "key", "secret", true), (policy.Cache.Endpoint, policy.Cache.Bucket, policy.Cache.AccessKey, policy.Cache.SecretKey, policy.Cache.PathStyle));
        Assert.Equal("", policy.CacheNote);
    }

    [Fact]
    public void Names_OfBranchesWithOneSlug_Differ() => Assert.NotEqual(Policy("a/b", "branch", false).Cache.Name, Policy("a-b", "branch", false).Cache.Name);

    [Fact]
    public void DefaultBranch_ThatThePipelineSets_IsNotTaken()
    {
        var policy = Policy("topic", "branch", false, new JobVariable { Key = "CI_DEFAULT_BRANCH", Value = "release" });

        Assert.StartsWith("topic", Assert.Single(policy.Cache.Sources).Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "key", "CI_RUNNER_SHORT_TOKEN")]
    [InlineData("abcdefghi", null, "no login")]
    public void Cache_ThatCannotBe_IsANote(string? token, string? key, string expected)
    {
        var policy = new BuildPolicy();

        BuildCacheSetup.Add(policy, Request(new JobResponse { Id = 9, JobInfo = new JobInfo { ProjectId = 7 } }, token), Options(key));

        Assert.Null(policy.Cache);
        Assert.Contains(expected, policy.CacheNote, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Set_HasACacheOnlyIfTheOperatorWantsOne(bool build)
    {
        var options = new ExecutorOptions
        {
            Kubernetes = new KubernetesOptions { Namespace = "n", HelperImage = "h" },
            Builders = [new BuilderOptions("b", "tcp://b:1")],
            Cache = Options("key") with { Build = build },
        };

        var set = BuilderSetup.Of(Request(new JobResponse { Id = 9, JobInfo = new JobInfo { ProjectId = 7 } }, "abcdefghi"), options)!;

        Assert.Equal(build, set.Policy.Cache is not null);
    }

    private static BuildPolicy Policy(string reference, string type, bool? isProtected, params JobVariable[] variables)
    {
        var job = new JobResponse
        {
            Id = 9,
            JobInfo = new JobInfo { ProjectId = 7 },
            GitInfo = new GitInfo { Ref = reference, RefType = type, Protected = isProtected },
            Variables = [new JobVariable { Key = "CI_DEFAULT_BRANCH", Value = "main" }, .. variables],
        };
        var policy = new BuildPolicy();
        BuildCacheSetup.Add(policy, Request(job, "abcdefghi"), Options("key"));
        return policy;
    }

    private static JobRequest Request(JobResponse job, string? token) => new(job, "", "0", null) { Runner = new RunnerFacts(token, null, false) };

    private static CacheOptions Options(string? key) => new()
    {
        Path = "ci",
        S3 = new S3Options { ServerAddress = "s3.test:9000", BucketName = "bucket", PathStyle = true, AccessKey = key, SecretKey = key is null ? null : "secret" },
    };
}
