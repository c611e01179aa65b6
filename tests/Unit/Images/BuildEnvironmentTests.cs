using PodExecutor.Agent.Images.Builds;

namespace PodExecutor.Tests.Unit.Images;

/// <summary>What a build takes from the job's variables and from docker's configuration.</summary>
public sealed class BuildEnvironmentTests
{
    private static readonly BuildSources Local = new("/builds/group/demo", null, "/builds/group/demo", "Dockerfile");

    [Theory]
    [InlineData("linux/arm64", "arm64")]
    [InlineData("linux/amd64,linux/arm64", "linux/amd64,linux/arm64")]
    [InlineData("linux/s390x", "arm64", "--platform", "linux/s390x")]
    [InlineData(null, "arm64", "--platform", "local")]
    [InlineData(null, "local")]
    [InlineData(null, "")]
    public void Platform_OfTheEnvironment_IsTheOneWhereNoneIsNamed(string? expected, string environment, params string[] flags)
    {
        var variables = new Dictionary<string, string> { ["DOCKER_DEFAULT_PLATFORM"] = environment };

        var plan = new BuildPlanner(Read([.. flags, "."], variables.GetValueOrDefault), Local, _ => null).Decide(new Dictionary<string, string>());

        Assert.Equal(expected, plan.Attributes.GetValueOrDefault("platform"));
    }

    [Fact]
    public void Platform_LocalBesideAnother_IsThatOfThePod()
    {
        var platforms = Plan("--platform", "local,linux/s390x").Attributes["platform"].Split(',');

        Assert.Contains(platforms[0], new[] { "linux/amd64", "linux/arm64" });
        Assert.Equal("linux/s390x", platforms[1]);
    }

    [Theory]
    [InlineData("1700000000", "1700000000")]
    [InlineData("5", "1700000000", "--build-arg", "SOURCE_DATE_EPOCH=5")]
    [InlineData("1700000000", "1700000000", "--build-arg", "SOURCE_DATE_EPOCH")]
    [InlineData(null, "")]
    public void SourceDateEpoch_OfTheEnvironment_IsABuildArgument(string? expected, string environment, params string[] flags)
    {
        var variables = new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = environment };

        var plan = new BuildPlanner(Read([.. flags, "."], variables.GetValueOrDefault), Local, _ => null).Decide(new Dictionary<string, string>());

        Assert.Equal(expected, plan.Attributes.GetValueOrDefault("build-arg:SOURCE_DATE_EPOCH"));
    }

    [Theory]
    [InlineData("default", "git@gitlab.test:group/app.git#main")]
    [InlineData("default", "ssh://git@gitlab.test:2222/group/app.git")]
    [InlineData("default", "gitlab.test@ssh.example:group/app.git")]
    [InlineData("", "github.com/group/app.git")]
    [InlineData("", "https://git@gitlab.test/group/app.git")]
    [InlineData("other", "git@gitlab.test:group/app.git", "--ssh", "other")]
    public void Agent_ForAGitContextOverSsh_IsForwarded(string expected, string address, params string[] flags)
    {
        BuildPlan With(string? socket) => new BuildPlanner(Read([.. flags, address], Variable), new BuildSources(null, address, null, "Dockerfile"), name => name == "SSH_AUTH_SOCK" ? socket : null).Decide(new Dictionary<string, string>());

        Assert.Equal(expected, string.Join(' ', With("/tmp/agent").Ssh.Select(s => s.Id)));
        Assert.Equal(flags.Length > 0 ? 1 : 0, With(null).Ssh.Count);
    }

    [Fact]
    public void Proxies_AreBuildArguments_UnlessGiven()
    {
        var request = Read(["--build-arg", "http_proxy=mine", "."], _ => null) with { Proxies = [new("HTTP_PROXY", "http://p:1"), new("NO_PROXY", "localhost")] };

        var plan = new BuildPlanner(request, Local, _ => null).Decide(new Dictionary<string, string>());

        Assert.Equal("NO_PROXY=localhost http_proxy=mine", string.Join(' ', plan.Attributes.Where(a => a.Key.StartsWith("build-arg:", StringComparison.Ordinal)).Select(a => $"{a.Key[10..]}={a.Value}")));
    }

    private static BuildPlan Plan(params string[] flags) =>
        new BuildPlanner(Read([.. flags, "."], Variable), Local, Variable).Decide(new Dictionary<string, string>());

    private static BuildRequest Read(string[] arguments, Func<string, string?> variable) =>
        new BuildFlagReader(BuildFlags.Table("docker build").Parse(arguments), variable).Read();

    private static string? Variable(string name) => null;
}
