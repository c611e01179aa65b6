using PodExecutor.BuildKit.FileSync.Filters;

namespace PodExecutor.Tests.BuildKitClient.Unit;

public sealed class PatternTests
{
    /// <summary>As moby's patternmatcher has it, curiosities included.</summary>
    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "b/a", false)]
    [InlineData("*", "a", true)]
    [InlineData("*", "a/b", false)]
    [InlineData("a*", "abc", true)]
    [InlineData("a*c", "a/c", false)]
    [InlineData("?", "ü", true)]
    [InlineData("?", "\U0001F600", true)]
    [InlineData("?", "/", false)]
    [InlineData("**", "a/b/c", true)]
    [InlineData("**/a", "a", true)]
    [InlineData("**/a", "x/y/a", true)]
    [InlineData("**/a", "xa", false)]
    [InlineData("**a", "xa", true)]
    [InlineData("**a", "x/ya", true)]
    [InlineData("**a?", "x/ya", false)]
    [InlineData("**a?", "x/ab", true)]
    [InlineData("**a?", "xab", false)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("a/**", "a", false)]
    [InlineData("a**", "abc/d", true)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b", "a/x/y/b", true)]
    [InlineData("a/**/b", "a/xb", false)]
    [InlineData("**/*.go", "x/y/z.go", true)]
    [InlineData("**/*.go", "z.go", true)]
    [InlineData("**/*.go", "z.goo", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[a-c]x", "dx", false)]
    [InlineData("[^a-c]x", "dx", true)]
    [InlineData("[]x]y", "]y", true)]
    [InlineData("[\\-x]y", "-y", true)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "a", false)]
    [InlineData("a.b", "axb", false)]
    [InlineData("a+(b)|c$", "a+(b)|c$", true)]
    public void Glob_OnAPath_Matches(string pattern, string path, bool expected) => Assert.Equal(expected, new Glob(pattern).Matches(path));

    [Theory]
    [InlineData("[a")]
    [InlineData("[")]
    [InlineData("a\\")]
    public void Glob_WithASyntaxError_IsRefused(string pattern) => Assert.Throws<FormatException>(() => new Glob(pattern));

    [Theory]
    [InlineData("a", "a/b", true)]                       // by its folder
    [InlineData("a;!a/b", "a/b", false)]
    [InlineData("a;!a/b;a/b/c", "a/b/c", true)]          // the last match wins
    [InlineData("!a", "a", false)]
    [InlineData("  a/./b/  ", "a/b", true)]              // cleaned
    [InlineData("*;!*.md;secret.md", "x.md", false)]
    [InlineData("*;!*.md;secret.md", "secret.md", true)]
    [InlineData("*;!*.md;secret.md", "sub/x.md", true)]
    [InlineData("a/;#x", "a", true)]
    public void List_OnAPathBelowItsFolders_Matches(string patterns, string path, bool expected)
    {
        var list = new PatternList(patterns.Split(';'));
        bool[] parent = [];
        var result = false;
        var parts = path.Split('/');
        for (var i = 1; i <= parts.Length; i++)
        {
            var matched = new bool[list.Count];
            result = list.Matches(string.Join('/', parts[..i]), parent, matched);
            parent = matched;
        }

        Assert.Equal(expected, result);
    }

    [Fact]
    public void List_WithALoneExclamationMark_IsRefused() => Assert.Throws<FormatException>(() => new PatternList(["!"]));

    /// <summary>Folders of which nothing can be wanted are not read: node_modules costs one stat.</summary>
    [Theory]
    [InlineData("node_modules", null, "node_modules", "SkipAll")]
    [InlineData("node_modules;!node_modules/keep", null, "node_modules", "Skip")]
    [InlineData("node_modules;!other/keep", null, "node_modules", "SkipAll")]
    [InlineData("node_modules;!**/keep", null, "node_modules", "Skip")]
    [InlineData(null, "src/app", "src", "Skip")]
    [InlineData(null, "src/app", "doc", "SkipAll")]
    [InlineData(null, "**/app", "doc", "Skip")]
    [InlineData(null, "src/**", "src", "Skip")]
    public void Filter_OnAFolder_SkipsWhatNothingIsWantedOf(string? excludes, string? includes, string folder, string expected)
    {
        var filter = new PathFilter(List(includes), List(excludes));

        Assert.Equal(expected, filter.Judge(folder, isFolder: true, null, filter.NewState()).ToString());
    }

    /// <summary>More exact than what is walked by: a folder that cannot be walked is an error only if something of it could be wanted.</summary>
    [Theory]
    [InlineData("caf?", null, false)]
    [InlineData("caf?;!src/*.go", null, false)]
    [InlineData("caf?;!caff/**", null, false)]
    [InlineData("!**/keep;caf?", null, false)]           // before it: takes back nothing
    [InlineData("*;!*", null, true)]
    [InlineData("*;!*;caf?", null, false)]
    [InlineData("*;!*.md", null, false)]                 // no folder's content
    [InlineData("*;!**.md", null, true)]
    [InlineData("caf?;!**/keep", null, true)]
    [InlineData("caf?;!caf?/keep", null, true)]
    [InlineData("caf?;!caf*/a/b", null, true)]
    [InlineData("caf?;!c*/**/*.go", null, true)]
    [InlineData("caf?;!c*/", null, true)]                // itself, too
    [InlineData("caf?;!caf[x]/keep", null, false)]
    [InlineData("x", null, true)]
    [InlineData(null, "*/package.json", true)]
    [InlineData(null, "**/app", true)]
    [InlineData(null, "src/app", false)]
    [InlineData(null, "*.json", false)]
    [InlineData("caf?", "**/app", false)]
    public void Filter_OnAFolder_TellsWhetherAnythingBelowCouldBeSent(string? excludes, string? includes, bool expected)
    {
        var filter = new PathFilter(List(includes), List(excludes));
        var state = filter.NewState();
        filter.Judge("caf\uFFFD", isFolder: false, null, state);

        Assert.Equal(expected, filter.MaySendBelow("caf\uFFFD", state));
    }

    [Theory]
    [InlineData("", ".")]
    [InlineData("a//b/./c/..", "a/b")]
    [InlineData("../a", "../a")]
    [InlineData("/../a", "/a")]
    [InlineData("a/../..", "..")]
    public void GoPath_Clean_IsGos(string path, string expected) => Assert.Equal(expected, GoPath.Clean(path));

    private static PatternList? List(string? patterns) => patterns is null ? null : new PatternList(patterns.Split(';'));
}
