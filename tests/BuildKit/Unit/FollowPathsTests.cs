using PodExecutor.BuildKit.FileSync.Filters;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Unit;

public sealed class FollowPathsTests : IDisposable
{
    private readonly Project _project = new();

    public FollowPathsTests()
    {
        _project.Write("dir/file", "");
        _project.Write("other/x.txt", "");
        Link("link", "dir");
        Link("dir/up", "../other");
        Link("absolute", "/dir/file");
        Link("loop", "loop");
        Link("outside", "../../../etc/passwd");
        Link("x-link", "other/x.txt");
    }

    public void Dispose() => _project.Dispose();

    [Theory]
    [InlineData("dir", "dir")]
    [InlineData("/dir/../dir/file", "dir/file")]
    [InlineData("../dir", "dir")]
    [InlineData("link", "dir;link")]
    [InlineData("link/file", "dir/file;link")]
    [InlineData("link/up/x.txt", "dir/up;link;other/x.txt")]
    [InlineData("absolute", "absolute;dir/file")]
    [InlineData("loop", "loop")]
    [InlineData("outside", "etc/passwd;outside")]       // within the tree, where there is none
    [InlineData("x-*", "other/x.txt;x-*")]
    [InlineData("l*/file", "dir/file;l*;loop")]
    [InlineData("missing/x", "missing/x")]
    [InlineData("dir;dir/file", "dir")]                 // what is below another is in it
    public void Resolve_OfPaths_HasLinksAndTheirTargets(string paths, string expected) =>
        Assert.Equal(expected, string.Join(';', FollowPaths.Resolve(_project.Context, paths.Split(';')) ?? ["(all)"]));

    [Fact]
    public void Resolve_OfTheRoot_IsEverything() => Assert.Null(FollowPaths.Resolve(_project.Context, ["dir", "."]));

    private void Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(_project.Context, name), target);
}
