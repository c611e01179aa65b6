using Google.Protobuf;
using PodExecutor.BuildKit;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.Tests.BuildKitClient.Fake;

/// <summary>A build that tells its daemon what another has told, whatever has become of the files.</summary>
public sealed class SyncRecordTests : FakeBuild
{
    private string Folder => Project.Out("record");

    [Fact]
    public async Task Replay_OfATreeThatHasChanged_TellsWhatWasTold()
    {
        Project.Write("folder/file", "content");
        Project.Write("removed", "x");
        File.CreateSymbolicLink(Project.Write("a", "x") + "-link", "folder/file");
        var told = await ToldAsync(replays: false);

        File.Delete(Path.Combine(Project.Context, "removed"));
        Project.Write("folder/file", "longer than before");
        Project.Write("folder/new", "x");

        Assert.Equal(told, await ToldAsync(replays: true));
    }

    [Theory]
    [InlineData(long.MaxValue, "before")]
    [InlineData(5, null)]
    public async Task File_ThatHasChangedAndIsAskedFor_ComesFromTheCopyIfThereIsOne(long largest, string? expected)
    {
        Project.Write("file", "before");
        Record = new SyncRecord(Folder) { LargestCopy = largest };
        _ = await ToldAsync(replays: false);
        Project.Write("file", "changed");
        Record = Record with { Replays = true };

        if (expected is null)
        {
            var error = await Assert.ThrowsAsync<SyncRecordException>(ContentAsync);
            Assert.Equal(Path.Combine(Project.Context, "file"), error.Path);
        }
        else
        {
            Assert.Equal(expected, await ContentAsync());
        }
    }

    [Fact]
    public async Task File_ThatIsAsItWas_IsSentWithoutACopy()
    {
        Project.Write("file", "content");
        Record = new SyncRecord(Folder) { MostCopies = 0 };
        _ = await ToldAsync(replays: false);
        Record = Record with { Replays = true };

        Assert.Equal("content", await ContentAsync());
        Assert.DoesNotContain(Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories), f => Path.GetFileName(f) == "0");
    }

    [Fact]
    public async Task Copies_OfATree_KeepToTheirLimit()
    {
        foreach (var number in Enumerable.Range(0, 10))
        {
            Project.Write($"file{number}", "ten bytes.");
        }

        Record = new SyncRecord(Folder) { MaxCopies = 35 };
        _ = await ToldAsync(replays: false);

        Assert.Equal(["0", "1", "2"], Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Select(Path.GetFileName).Where(n => n != "entries").Order());
    }

    [Fact]
    public async Task Replay_OfARequestThatWasNotMade_Fails()
    {
        Project.Write("file", "content");
        _ = await ToldAsync(replays: false);
        Record = new SyncRecord(Folder) { Replays = true };

        var error = await Assert.ThrowsAsync<SyncRecordException>(() => StatsAsync(("include-patterns", "fil*")));

        Assert.Contains("was not recorded", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Record_OfATransferThatIsCut_IsNotThere()
    {
        Project.Write("file", "content");
        await ShellAsync("printf x > \"$1/$(printf 'z\\351')\"");   // a name that cannot be told, after one that can
        Record = new SyncRecord(Folder);

        await Assert.ThrowsAsync<LocalFileException>(() => StatsAsync());

        Assert.Empty(Directory.Exists(Folder) ? Directory.EnumerateFileSystemEntries(Folder) : []);
        await ShellAsync("rm -r \"$1\"");   // .NET cannot delete such a file
    }

    [Fact]
    public async Task Record_ThatCannotBeWritten_FailsTheBuildByName()
    {
        Project.Write("file", "content");
        File.WriteAllText(Folder, "in the way");
        Record = new SyncRecord(Folder);

        var error = await Assert.ThrowsAsync<LocalFileException>(() => StatsAsync());

        Assert.Contains($"cannot be recorded in {Folder}", error.Message, StringComparison.Ordinal);
    }

    private async Task<List<Stat>> ToldAsync(bool replays)
    {
        Record = (Record ?? new SyncRecord(Folder)) with { Replays = replays };
        return await StatsAsync();
    }

    private Task<List<Stat>> StatsAsync(params (string Key, string Value)[] patterns) => SolveAsync(async (session, call) =>
    {
        using var copy = session.DiffCopy(call.Cancelled, [("dir-name", "context"), .. patterns]);
        var stats = (await copy.ReadStatsAsync(call.Cancelled)).ConvertAll(s => s.Clone());
        await copy.FinishAsync(call.Cancelled);
        return stats;
    });

    private Task<string> ContentAsync() => SolveAsync(async (session, call) =>
    {
        using var copy = session.DiffCopy(call.Cancelled, ("dir-name", "context"));
        _ = await copy.ReadStatsAsync(call.Cancelled);
        var content = await copy.ReadFileAsync(0, call.Cancelled);
        await copy.FinishAsync(call.Cancelled);
        return ByteString.CopyFrom(content).ToStringUtf8();
    });

    private async Task ShellAsync(string command)
    {
        using var process = System.Diagnostics.Process.Start("sh", ["-c", command, "sh", Project.Context]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }
}
