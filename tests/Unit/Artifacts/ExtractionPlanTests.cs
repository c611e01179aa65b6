using PodExecutor.Agent.Artifacts;

namespace PodExecutor.Tests.Unit.Artifacts;

public sealed class ExtractionPlanTests
{
    private const uint Link = 0xA1FF;
    private const uint File = 0x81A4;

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("a/../x")]
    [InlineData("..")]
    [InlineData("../")]
    [InlineData("C:/x")]
    [InlineData("c:")]
    [InlineData(@"C:\x")]
    [InlineData(@"..\x")]
    [InlineData(@"a\..\x")]
    [InlineData("a\0b")]
    [InlineData("")]
    public void Decide_NameThatLeavesTheDirectory_IsRefused(string name) =>
        Assert.Contains("nothing of it unpacked", Assert.Throws<ArtifactException>(() => Decide(new EntryGiven(name, File, null, 0))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a..b", "a..b")]
    [InlineData("./a//b", "a/b")]
    [InlineData("...", "...")]
    [InlineData("a:b", "a:b")]
    public void Decide_OddButHarmlessName_IsTaken(string name, string path) =>
        Assert.Equal(path, Assert.Single(Decide(new EntryGiven(name, File, null, 0)).Files).Path);

    [Fact]
    public void Decide_NameBelowALinkOfTheArchive_IsRefused() =>
        Assert.Throws<ArtifactException>(() => Decide(new("a", Link, "b", 0), new("b/", 0, null, 1), new("a/x", File, null, 2)));

    [Fact]
    public void Decide_NameBelowAFileOfTheArchive_IsRefused() =>
        Assert.Throws<ArtifactException>(() => Decide(new("a/b/c", File, null, 0), new("a", File, null, 1)));

    [Fact]
    public void Decide_SameNameTwice_TheLastWins() =>
        Assert.Equal(1, Assert.Single(Decide(new("a", File, null, 0), new("./a", File, null, 1)).Files).Index);

    [Theory]
    [InlineData("../x", true)]
    [InlineData("/usr/bin/python3", true)]
    [InlineData("", false)]
    [InlineData("a\0b", false)]
    public void Decide_Link_IsTakenWithAUsableTarget(string target, bool expected)
    {
        var plan = Decide(new EntryGiven("l", Link, target, 0));
        Assert.Equal((expected ? 1 : 0, expected ? 0 : 1), (plan.Links.Count, plan.Skipped.Count));
    }

    [Fact]
    public void Decide_Permissions_AreWithoutSetuidAndHaveDefaults()
    {
        var plan = Decide(new("suid", 0x8000 | 0xFFF, null, 0), new("windows", 0, null, 1), new("dir/", 0, null, 2), new("pipe", 0x1000 | 0x1A4, null, 3));
        Assert.Equal([(UnixFileMode)0x1FF, (UnixFileMode)0x1A4], plan.Files.Select(f => f.Permissions));
        Assert.Equal((UnixFileMode)0x1ED, Assert.Single(plan.Directories).Permissions);
        Assert.StartsWith("pipe: ignored", Assert.Single(plan.Skipped), StringComparison.Ordinal);
    }

    private static ExtractionPlan Decide(params EntryGiven[] entries) => ExtractionPlan.Decide(entries);
}
