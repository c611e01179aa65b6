using PodExecutor.Driver.Cache;
using PodExecutor.Driver.Options;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>The runner's rules for keys and objects' names.</summary>
public sealed class CacheKeyTests
{
    [Theory]
    [InlineData("main", "main")]
    [InlineData("deps/main", "deps/main")]
    [InlineData("a//b/./c", "a/b/c")]
    [InlineData("../../etc", "etc")]
    [InlineData("a/../../b", "b")]
    [InlineData("a%2Fb%2f..%2Fc", "a/c")]
    [InlineData("%2e%2E/x", "x")]
    [InlineData("a\\b", "a/b")]
    [InlineData("name \t\n", "name")]
    [InlineData("name/ ", "name")]
    [InlineData("/", null)]
    [InlineData("..", null)]
    [InlineData("  ", null)]
    public void Key_Plain_IsAPathBelowTheProject(string raw, string? expected) => Assert.Equal(expected, CacheKey.Of(raw, hashed: false)?.Text);

    [Fact]
    public void Key_WithHashing_IsTakenAsItIs() => Assert.Equal("a/../b", CacheKey.Of("a/../b", hashed: true)!.Text);

    [Theory]
    [InlineData("main-protected", "Protected")]
    [InlineData("main-1-protected", "Protected")]
    [InlineData("main-non_protected", "NonProtected")]
    [InlineData("main-protected-non_protected", "NonProtected")]
    [InlineData("x%2f..-non_protected", "NonProtected")]
    [InlineData("main", "Open")]
    [InlineData("protected", "Open")]
    public void Protection_IsTheSuffixThatGitLabPuts(string raw, string expected)
    {
        Assert.Equal(expected, $"{CacheKey.Of(raw, hashed: false)!.Protection}");
        Assert.Equal(expected, $"{CacheKey.Of(raw, hashed: true)!.Protection}");
    }

    [Theory]
    [InlineData("main-protected", true)]
    [InlineData("main-protected. .", true)]
    [InlineData("main-protected/", true)]
    [InlineData("main-protected%2f", true)]
    [InlineData("main-protected/x/..", true)]
    [InlineData("main-protected\\", true)]
    [InlineData("main-non_protected", false)]
    [InlineData("main-protected-2", false)]
    public void FallbackOfThePipeline_ThatNamesAProtectedCache_IsSeenThrough(string raw, bool expected) => Assert.Equal(expected, CacheKey.PretendsToBeProtected(raw));

    /// <summary>Seen of a real runner: custom-executor facts, section 10.</summary>
    [Theory]
    [InlineData(false, "", "runner/h3h3h3h3h/project/7540/")]
    [InlineData(true, "", "project/7540/")]
    [InlineData(false, "ci/cache", "ci/cache/runner/h3h3h3h3h/project/7540/")]
    [InlineData(true, "ci", "ci/project/7540/")]
    public void Project_IsWhereTheRunnerHasIt(bool shared, string path, string expected) =>
        Assert.Equal(expected, CacheNames.Of(Options(shared, path), "h3h3h3h3h", 7540).Project);

    [Fact]
    public void Archives_OfAKey_AreTheRunnersBothNames()
    {
        var key = CacheKey.Of("deps/../main-non_protected", hashed: false)!;

        // The hash is the one of the key before it is made a path.
        Assert.Equal(
            ["project/7/main-non_protected", "project/7/24/24100d6ed028a15d4495e19ed7dc93908b4f00d489101dd43d20b767ffa3d632"],
            new CacheNames("project/7/").Archives(key));
    }

    [Fact]
    public void Archives_OfAKeyThatLeadsIntoOurFolder_AreOnlyTheHashedName()
    {
        var archives = new CacheNames("project/7/").Archives(CacheKey.Of("pod-executor/protected/packs/ab/abcd", hashed: false)!);

        Assert.DoesNotContain("pod-executor", Assert.Single(archives));
    }

    [Fact]
    public void Spaces_OfOneProject_HaveNothingInCommon()
    {
        var names = new CacheNames("project/7/");
        var digest = new byte[32];

        Assert.Equal("project/7/pod-executor/protected/packs/00/" + new string('0', 64), names.Pack(Protection.Protected, digest));
        Assert.Equal(3, Enum.GetValues<Protection>().Select(p => names.Pack(p, digest)).Distinct().Count());
        Assert.StartsWith(names.Space(Protection.NonProtected) + "manifests/", names.Manifest(CacheKey.Of("a-non_protected", hashed: false)!));
    }

    private static CacheOptions Options(bool shared, string path) =>
        new() { Shared = shared, Path = path, S3 = new S3Options { ServerAddress = "s3", BucketName = "b" } };
}
