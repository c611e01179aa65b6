using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Paths;

namespace PodExecutor.Tests.Unit.Artifacts;

public sealed class GlobTests
{
    [Theory]
    [InlineData("a.txt", "a.txt", true)]
    [InlineData("a.txt", "b/a.txt", false)]
    [InlineData("*.txt", "a.txt", true)]
    [InlineData("*.txt", ".txt", true)]
    [InlineData("*.txt", "b/a.txt", false)]
    [InlineData("*", "a/b", false)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("a?c", "a/c", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[a-c]x", "dx", false)]
    [InlineData("[^a-c]x", "dx", true)]
    [InlineData("[!a-c]x", "ax", false)]
    [InlineData("[]]x", "]x", true)]
    [InlineData("[a-]x", "-x", true)]
    [InlineData(@"\*x", "*x", true)]
    [InlineData(@"\*x", "ax", false)]
    [InlineData(@"[\]]", "]", true)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXbYbZ", false)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("**/c", "c", true)]
    [InlineData("**/c", "a/b/c", true)]
    [InlineData("**/c", "a/b/d", false)]
    [InlineData("a/**/c", "a/c", true)]
    [InlineData("a/**/c", "a/x/y/c", true)]
    [InlineData("a/**/c", "b/c", false)]
    [InlineData("a/**", "a", true)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("a/**", "ab", false)]
    [InlineData("a/**/*.o", "a/b/c.o", true)]
    [InlineData("**/b/**/d", "a/b/b/c/d", true)]
    [InlineData("a**b", "axyb", true)]
    [InlineData("a**b", "ax/yb", false)]
    [InlineData("{a,b}.txt", "b.txt", true)]
    [InlineData("{a,b}.txt", "c.txt", false)]
    [InlineData("{a/x,b}/**/{c,d{e,}}", "a/x/y/de", true)]
    [InlineData("{a/x,b}/**/{c,d{e,}}", "b/d", true)]
    [InlineData("a{,.bak}", "a", true)]
    [InlineData(@"\{a,b\}", "{a,b}", true)]
    [InlineData("./a//b/", "a/b", true)]
    [InlineData("a/../b", "b", true)]
    [InlineData("/builds/p/out/*", "out/x", true)]
    [InlineData("a", "A", false)]
    public void Matches_PatternAndPath_IsAsDoublestar(string pattern, string path, bool expected) =>
        Assert.Equal(expected, Glob.Parse(pattern, "/builds/p").Matches(path));

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("/builds/project2/x")]
    [InlineData("[a")]
    [InlineData("{a,b")]
    [InlineData(@"a\")]
    public void Parse_OutsideOrMalformed_IsRefused(string pattern) =>
        Assert.Throws<FormatException>(() => Glob.Parse(pattern, "/builds/p"));

    [Fact]
    public void Parse_BracesWithoutEnd_AreLimited() =>
        Assert.Throws<FormatException>(() => Glob.Parse(string.Concat(Enumerable.Repeat("{a,b}", 30)), "/builds/p"));

    [Theory]
    [InlineData("1h0m0s", 3600)]
    [InlineData("10m0s", 600)]
    [InlineData("1.5h", 5400)]
    [InlineData("500ms", 0.5)]
    [InlineData("0", 0)]
    [InlineData("9999999h", 30 * 86400)]
    public void GoDuration_Valid_IsRead(string text, double seconds)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds, 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("10")]
    [InlineData("-1h")]
    [InlineData("1d")]
    [InlineData("h")]
    public void GoDuration_Invalid_IsRefused(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Fact]
    public void Crc32_KnownAnswer_IsRight()
    {
        var crc = Crc32.Start();
        crc.Append("12345"u8);
        crc.Append("6789"u8);
        Assert.Equal(0xCBF43926, crc.Value);
    }
}
