using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>
/// The contract's table (facts: gitlab-runner docs/executors/custom.md): for each stage, what each end of its script means to the
/// runner: exit code, BUILD_EXIT_CODE_FILE, and whether the next stage finds its environment.
/// </summary>
public sealed class StageTableTests
{
    public static TheoryData<string> Stages { get; } =
    [
        "prepare_script", "get_sources", "clear_worktree", "restore_cache", "download_artifacts", "build_script", "step_script", "step_release",
        "after_script", "archive_cache", "archive_cache_on_failure", "upload_artifacts_on_success", "upload_artifacts_on_failure",
        "cleanup_file_variables", "a_stage_of_tomorrow",
    ];

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Stage_Succeeding_Gives0AndNoFileAndKeepsTheEnvironment(string stage)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync(stage, "echo out; echo err >&2", TestContext.Current.CancellationToken);

        Assert.Equal((0, null, CallStop.None), (run.ExitCode, run.ExitCodeFile, run.Stop));
        Assert.Equal(("out\nerr\n", ""), (run.Stdout.Text, run.Stderr.Text));
        await EnvironmentIsKeptAsync(cluster, session);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public Task Stage_EndingWith1_GivesBuildFailureAnd1(string stage) => EndingWithAsync(stage, 1);

    [Theory]
    [MemberData(nameof(Stages))]
    public Task Stage_EndingWith42_GivesBuildFailureAnd42(string stage) => EndingWithAsync(stage, 42);

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Stage_WhosePodIsGone_GivesSystemFailureAndNoFile(string stage)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        cluster.Objects.Clear();

        var run = await session.RunAsync(stage, "true", TestContext.Current.CancellationToken);

        Assert.Equal((ContractJob.SystemFailure, null), (run.ExitCode, run.ExitCodeFile));
        Assert.Contains("ERROR: ", run.Stdout.Text);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Stage_Terminated_GivesBuildFailureAndKeepsTheEnvironment(string stage)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();
        using var stop = new CancellationTokenSource();
        var running = session.RunAsync(stage, "echo running; sleep 300", stop.Token);
        await job.SawAsync("running\n");

        await stop.CancelAsync();
        var run = await running;

        Assert.Equal((ContractJob.BuildFailure, "143", CallStop.Terminated), (run.ExitCode, run.ExitCodeFile?.Trim(), run.Stop));
        await EnvironmentIsKeptAsync(cluster, session);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public async Task Stage_OfAnOldRunner_GivesBuildFailureAndWritesNothing(string stage)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        job.Runner = job.Runner with { HasExitCodeFile = false };
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync(stage, "exit 42", TestContext.Current.CancellationToken);

        Assert.Equal((ContractJob.BuildFailure, null), (run.ExitCode, run.ExitCodeFile));
    }

    private static async Task EndingWithAsync(string stage, int code)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);
        using var session = await job.PreparedAsync();

        var run = await session.RunAsync(stage, $"exit {code}", TestContext.Current.CancellationToken);

        Assert.Equal((ContractJob.BuildFailure, $"{code}"), (run.ExitCode, run.ExitCodeFile?.Trim()));
        Assert.Equal("", run.Stderr.Text);
        await EnvironmentIsKeptAsync(cluster, session);
    }

    /// <summary>And that the file of the stage before is removed at the start of the next.</summary>
    private static async Task EnvironmentIsKeptAsync(FakeCluster cluster, RunnerSession session)
    {
        var next = await session.RunAsync("after_script", "echo still here", TestContext.Current.CancellationToken);
        Assert.Equal((0, null, "still here\n"), (next.ExitCode, next.ExitCodeFile, next.Stdout.Text));
        Assert.True(cluster.HasPod);

        Assert.Equal(0, (await session.CleanupAsync()).ExitCode);
        Assert.Empty(cluster.Objects);
    }
}
