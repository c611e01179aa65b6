using System.Diagnostics;
using PodExecutor.Agent.Artifacts;

namespace PodExecutor.Tests.Unit.Artifacts;

public sealed class SelectionTests : IDisposable
{
    private readonly BuildDirectory _build = new();

    public void Dispose() => _build.Dispose();

    [Theory]
    [InlineData("out", "out out/a.txt out/deep out/deep/b.txt")]
    [InlineData("out/", "out out/a.txt out/deep out/deep/b.txt")]
    [InlineData("out/*", "out/a.txt out/deep out/deep/b.txt")]
    [InlineData("out/**", "out out/a.txt out/deep out/deep/b.txt")]
    [InlineData("**/*.txt", "out/a.txt out/deep/b.txt")]
    [InlineData("**/deep", "out/deep out/deep/b.txt")]
    [InlineData("out/{a.txt,deep/*}", "out/a.txt out/deep/b.txt")]
    [InlineData("o?t/[a-b].txt", "out/a.txt")]
    [InlineData("**", ".hidden out out/a.txt out/deep out/deep/b.txt")]
    [InlineData(".", ".hidden out out/a.txt out/deep out/deep/b.txt")]
    public async Task Find_Pattern_SelectsSorted(string pattern, string expected)
    {
        Populate();
        Assert.Equal(expected, await FindAsync([pattern], []));
        Assert.Equal($"{pattern}: found {expected.Split(' ').Length} matching artifact files and directories\n", _build.Log);
    }

    [Fact]
    public async Task Find_AbsolutePathInside_IsRelative()
    {
        Populate();
        Assert.Equal("out/a.txt", await FindAsync([_build.At("out/a.txt")], []));
    }

    [Fact]
    public async Task Find_Nothing_WarnsInGitLabsWords()
    {
        Assert.Equal("", await FindAsync(["none/*"], []));
        Assert.Equal(
            $"WARNING: none/*: no matching files. Ensure that the artifact path is relative to the working directory ({_build.Path})\n", _build.Log);
    }

    [Fact]
    public async Task Find_Outside_WarnsAndTakesTheRest()
    {
        Populate();
        File.WriteAllText(Path.Combine(_build.Root, "secret"), "x");
        Assert.Equal("out/a.txt", await FindAsync(["../secret", "/etc/passwd", "out/*.txt"], []));
        Assert.Contains("WARNING: ../secret: artifact path is not a subpath of project directory", _build.Log, StringComparison.Ordinal);
        Assert.Contains("WARNING: /etc/passwd: artifact path is not a subpath", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_Exclude_IsNotRecursiveAndIsCounted()
    {
        Populate();
        Assert.Equal("out out/a.txt out/deep/b.txt", await FindAsync(["out"], ["out/deep"]));
        Assert.Equal("out out/a.txt", await FindAsync(["out"], ["./out/deep/**"]));
        Assert.Contains("./out/deep/**: excluded 2 files", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_Links_AreTakenAsLinksAndFollowedOnlyInside()
    {
        Populate();
        File.WriteAllText(Path.Combine(_build.Root, "secret"), "x");
        File.CreateSymbolicLink(_build.At("up"), "..");
        File.CreateSymbolicLink(_build.At("inside"), "out/deep");
        File.CreateSymbolicLink(_build.At("out/loop"), "../out");

        Assert.Equal("inside", await FindAsync(["inside"], []));
        Assert.Equal("inside/b.txt", await FindAsync(["inside/*"], []));
        Assert.Equal("inside/b.txt", await FindAsync(["inside", "inside/*"], []));
        Assert.Equal("", await FindAsync(["up/*"], []));
        Assert.Equal("out/a.txt out/deep/b.txt", await FindAsync(["**/*.txt"], []));
    }

    [Fact]
    public async Task Find_Untracked_IsWhatGitDoesNotTrack()
    {
        Populate();
        _build.Write("tracked");
        _build.Write(".gitignore", "ignored\n");
        _build.Write("ignored");
        _build.Write("with space\nand line");
        Git("init", "-q");
        Git("add", "tracked", ".gitignore", ".hidden");

        Assert.Equal(
            "ignored out/a.txt with space\nand line",
            string.Join(' ', (await new ArtifactSelection(_build.Context).FindAsync(new([], ["**/b.txt"], true), Cancel)).Select(f => f.Path)));
        Assert.Contains("untracked: found 3 files", _build.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Find_UntrackedWithoutRepository_Warns()
    {
        _build.Write(".git", "gitdir: /nowhere");
        Assert.Empty(await new ArtifactSelection(_build.Context).FindAsync(new([], [], true), Cancel));
        Assert.StartsWith("WARNING: untracked: git ls-files failed with exit code 128", _build.Log, StringComparison.Ordinal);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private void Populate()
    {
        _build.Write(".hidden");
        _build.Write("out/a.txt");
        _build.Write("out/deep/b.txt");
    }

    private async Task<string> FindAsync(string[] paths, string[] exclude) =>
        string.Join(' ', (await new ArtifactSelection(_build.Context).FindAsync(new(paths, exclude, false), Cancel)).Select(f => f.Path));

    private void Git(params string[] args)
    {
        using var git = Process.Start(new ProcessStartInfo("git", args) { WorkingDirectory = _build.Path })!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
    }
}
