using PodExecutor.Agent.Images.Builds;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>--cache-to and --cache-from.</summary>
public sealed class BuildCacheTests
{
    private static readonly BuildSources Local = new("/builds/group/demo", null, "/builds/group/demo", "Dockerfile");

    [Theory]
    [InlineData("registry ref=r.io/cache:latest", "r.io/cache")]
    [InlineData("registry mode=max ref=r.io/c:1", "type=registry,ref=r.io/c:1,mode=max")]
    [InlineData("inline", "type=inline")]
    [InlineData("local dest=c", "type=local,dest=c")]
    [InlineData("s3 access_key_id=k bucket=b region=r", "type=s3,bucket=b,region=r,access_key_id=k")]
    public void CacheTo_OfEveryType_IsRead(string expected, string flag) =>
        Assert.Equal(expected, string.Join(' ', Plan("--cache-to", flag).CacheExports.SelectMany(c => new[] { c.Type }.Concat(c.Attributes.OrderBy(a => a.Key).Select(a => $"{a.Key}={a.Value}")))));

    [Theory]
    [InlineData("registry r.io/a:1|registry r.io/b:latest", "--cache-from", "r.io/a:1,r.io/b")]
    [InlineData("registry r.io/a:1|registry r.io/b:2", "--cache-from", "r.io/a:1", "--cache-from", ",r.io/b:2,")]
    [InlineData("", "--cache-from", "")]
    public void CacheFrom_OfNamesAlone_IsACacheForEach(string expected, params string[] flags) =>
        Assert.Equal(expected, string.Join('|', Plan(flags).CacheImports.Select(c => $"{c.Type} {c.Attributes["ref"]}")));

    [Theory]
    [InlineData("access_key_id=id bucket=b secret_access_key=key session_token=token", "type=s3,bucket=b")]
    [InlineData("access_key_id=mine bucket=b secret_access_key=own", "type=s3,bucket=b,access_key_id=mine,secret_access_key=own")]
    [InlineData("ref=r.io/a:1", "type=registry,ref=r.io/a:1")]
    public void Cache_OnS3_GetsTheKeysOfTheEnvironment(string expected, string cache)
    {
        var variables = new Dictionary<string, string> { ["AWS_ACCESS_KEY_ID"] = "id", ["AWS_SECRET_ACCESS_KEY"] = "key", ["AWS_SESSION_TOKEN"] = "token" };
        var read = new List<string>();

        var request = Read(["--cache-to", cache, "--cache-from", cache, "."], name => { read.Add(name); return variables.GetValueOrDefault(name); });
        var plan = new BuildPlanner(request, Local, variables.GetValueOrDefault).Decide(new Dictionary<string, string>());

        Assert.All(new[] { plan.CacheExports, plan.CacheImports }, c => Assert.Equal(expected, string.Join(' ', c[0].Attributes.OrderBy(a => a.Key).Select(a => $"{a.Key}={a.Value}"))));
        Assert.DoesNotContain(read, name => name.StartsWith("AWS_", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("inline", "--build-arg", "BUILDKIT_INLINE_CACHE=1")]
    [InlineData("inline", "--build-arg", "BUILDKIT_INLINE_CACHE=True", "--cache-to", "type=inline")]
    [InlineData("registry inline", "--build-arg", "BUILDKIT_INLINE_CACHE=t", "--cache-to", "r.io/c:1")]
    [InlineData("", "--build-arg", "BUILDKIT_INLINE_CACHE=0")]
    [InlineData("", "--build-arg", "BUILDKIT_INLINE_CACHE=1", "--build-arg", "BUILDKIT_INLINE_CACHE=")]
    public void InlineCache_ByItsBuildArgument_IsExportedOnce(string expected, params string[] flags)
    {
        var plan = Plan(flags);

        Assert.Equal(expected, string.Join(' ', plan.CacheExports.Select(c => c.Type)));
        Assert.Contains("build-arg:BUILDKIT_INLINE_CACHE", plan.Attributes.Keys);
    }

    private static BuildPlan Plan(params string[] flags) =>
        new BuildPlanner(Read([.. flags, "."], Variable), Local, Variable).Decide(new Dictionary<string, string>());

    private static BuildRequest Read(string[] arguments, Func<string, string?> variable) =>
        new BuildFlagReader(BuildFlags.Table("docker build").Parse(arguments), variable).Read();

    private static string? Variable(string name) => null;
}
