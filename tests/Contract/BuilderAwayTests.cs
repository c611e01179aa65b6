using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>Whose fault is a script that ends with image-build's exit code for "no builder"? Ours only if the helper container has noted that there was none.</summary>
public sealed class BuilderAwayTests
{
    /// <summary>As the helper's gateway writes it. Here one folder is the state of both containers; in a pod no script can write there.</summary>
    private const string Note = """builders=$(dirname "$POD_EXECUTOR_IMAGES")/builders; mkdir -p "$builders"; printf '%s\nmortal went away' "$RANDOM" > "$builders/away"; """;

    [Theory]
    [InlineData(Note + "exit 75", ContractJob.SystemFailure, null, true)]
    [InlineData("exit 75", ContractJob.BuildFailure, "75", false)]
    [InlineData(Note + "exit 1", ContractJob.BuildFailure, "1", false)]
    [InlineData(Note + "exit 0", 0, null, false)]
    public async Task ScriptEnd_WithAndWithoutTheHelpersNote_IsBlamedRightly(string script, int code, string? exitCodeFile, bool told)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync("build_script", script, TestContext.Current.CancellationToken);

        Assert.Equal((code, exitCodeFile), (run.ExitCode, run.ExitCodeFile?.Trim()));
        Assert.Equal(told, job.Log.Contains("ERROR: The job's image build failed for want of a builder", StringComparison.Ordinal));
        Assert.Equal(told, job.Log.Contains("why:  mortal went away", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Note_OfAnEarlierStage_IsNotTakenForThisOnes()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        await session.RunAsync("step_script", Note + "exit 0", TestContext.Current.CancellationToken);

        var run = await session.RunAsync("after_script", "exit 75", TestContext.Current.CancellationToken);

        Assert.Equal(ContractJob.BuildFailure, run.ExitCode);
    }
}
