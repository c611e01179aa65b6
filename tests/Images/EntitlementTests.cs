using PodExecutor.Link.Builders;
using PodExecutor.Tests.Images.Fixtures;

namespace PodExecutor.Tests.Images;

/// <summary>What a step may do beyond its container: the operator and the daemon must both allow it.</summary>
public sealed class EntitlementTests
{
    [Fact]
    public async Task NetworkHost_ThroughTheGateway_IsTheDaemonsIfTheOperatorAllowsIt()
    {
        await using var closed = await HelperContainer.StartAsync(new BuildPolicy(), HelperContainer.Plain("one"));
        await using var open = await HelperContainer.StartAsync(new BuildPolicy { Entitlements = { "network.host" } }, HelperContainer.Plain("one"));
        using var project = new Project().Dockerfile("RUN ls /sys/class/net > /seen", "FROM scratch", "COPY --from=0 /seen /");
        string[] build = ["build", "--network", "host", "-o", "out", "."];

        closed.Serve(project);
        var refused = await project.RunAsync("docker", build);
        open.Serve(project);
        await project.PassAsync("docker", build);

        Assert.Equal(1, refused.Code);
        Assert.Contains("The entitlement network.host is not allowed on this builder. The operator allows it by [builder] entitlements = [\"network.host\"].", refused.Log);
        Assert.Contains("\npexbk0\n", File.ReadAllText(project.At("out/seen")));   // the daemon's own bridge
    }

    /// <summary>The operator's rules give nothing that the daemon does not.</summary>
    [Theory]
    [InlineData("security.insecure is not allowed", "RUN echo made", "--allow", "security.insecure")]
    [InlineData("network.host is not allowed", "RUN --network=host echo made")]   // the build has not asked for it
    public async Task Entitlement_ThatTheDaemonDoesNotGrant_IsRefusedThere(string expected, string step, params string[] flags)
    {
        await using var helper = await HelperContainer.StartAsync(new BuildPolicy { Entitlements = { "network.host", "security.insecure" } }, HelperContainer.Plain("one"));
        using var project = new Project().Dockerfile(step);
        helper.Serve(project);

        var result = await project.RunAsync("docker", ["build", .. flags, "."]);

        Assert.Equal(1, result.Code);
        Assert.Contains(expected, result.Log);
        Assert.DoesNotContain("[builder] entitlements", result.Log);
    }
}
