using PodExecutor.Agent.Builders.Choosing;

namespace PodExecutor.Tests.Unit.Builders;

public sealed class PlatformGroupsTests
{
    [Theory]
    [InlineData("amd arm", "amd|arm", "amd;arm")]
    [InlineData("arm amd", "amd|arm", "amd;arm")]
    [InlineData("amd arm riscv", "amd arm|riscv|riscv arm", "amd arm;riscv")]
    [InlineData("amd arm riscv", "amd|arm riscv|amd arm", "arm riscv;amd")]
    [InlineData("amd amd arm", "amd|arm", "amd;arm")]
    public void Platforms_OfSeveralBuilders_AreAsFewGroupsAsItTakes(string platforms, string builders, string expected) =>
        Assert.Equal(expected.Split(';').Order(), Of(platforms, builders)!.Order());

    [Theory]
    [InlineData("amd s390x", "amd|arm")]
    [InlineData("amd arm", "amd arm|amd")]
    [InlineData("amd", "amd|amd")]
    [InlineData("amd", "")]
    [InlineData("", "amd")]
    public void Platforms_ThatOneHasOrNobody_AreNoGroups(string platforms, string builders) =>
        Assert.Null(Of(platforms, builders));

    private static IEnumerable<string>? Of(string platforms, string builders) =>
        PlatformGroups.Of(Words(platforms), [.. builders.Split('|').Select(Words)])?.Groups.Select(g => string.Join(' ', g.Platforms));

    private static IReadOnlyList<string> Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
