using PodExecutor.BuildKit;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>A mode of the local output that would be copying in silence.</summary>
public sealed class LocalModeTests : FakeBuild
{
    [Fact]
    public async Task LocalOutput_ModeDelete_IsRefusedBeforeTheBuildAndTheFolderIsLeftAlone()
    {
        var there = Directory.CreateDirectory(Project.Out("result")).FullName;
        await File.WriteAllTextAsync(Path.Combine(there, "file"), "mine", Token);

        var error = await Assert.ThrowsAsync<BuildKitException>(() => SolveAsync(
            (_, _) => Task.FromResult(0), Export.Local(there, new Dictionary<string, string> { ["mode"] = "delete" })));

        Assert.Contains("mode=delete is not offered", error.Message, StringComparison.Ordinal);
        Assert.Contains(there, error.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(there, "file")));
    }

    [Fact]
    public async Task LocalOutput_ModeCopy_IsBuilt()
    {
        var built = await SolveAsync((_, _) => Task.FromResult(1), Export.Local(Project.Out("result"), new Dictionary<string, string> { ["mode"] = "copy" }));

        Assert.Equal(1, built);
    }
}
