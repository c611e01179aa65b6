using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>What a script sees and how it ends.</summary>
public sealed class ScriptTests(TestCluster cluster)
{
    [Fact]
    public async Task Job_Succeeding_PassesAndLeavesNothing()
    {
        await using var job = new TestJob(cluster, new JobRequest("echo out; echo err >&2", "pwd", "echo HOME=$HOME"));

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\n/builds/group/demo\n", job.Log.Text);
        Assert.Contains("HOME=/root\n", job.Log.Text);
        var build = outcome.Calls.Single(c => c.Stage == "build_script");
        Assert.Contains("out\nerr\n", build.Stdout.Text);
        Assert.Equal("", build.Stderr.Text);
        await job.NothingIsLeftAsync();
    }

    [Theory]
    [InlineData("exit 42", 42)]
    [InlineData("false", 1)]
    [InlineData("exit 137", 137)]
    [InlineData("kill -9 $$", 137)]
    [InlineData("no-such-command", 127)]
    public async Task Job_Failing_GivesTheScriptsOwnCode(string script, int code)
    {
        await using var job = new TestJob(cluster, new JobRequest(script) { AfterScript = ["echo after: $CI_JOB_STATUS"] });

        var outcome = await job.RunAsync();

        Assert.Equal((JobResult.Failed, "script_failure", code), (outcome.Result, outcome.FailureReason, outcome.ExitCode));
        Assert.Contains("after: failed", job.Log.Text);
        Assert.DoesNotContain("memory", job.Log.Text);
    }

    [Fact]
    public async Task Variables_OfTheJob_ReachTheScriptAndFileVariablesAreFiles()
    {
        var request = new JobRequest("echo \"plain=$PLAIN\"", "echo \"file=$(cat $A_FILE)\"", "echo \"odd=$ODD\"")
        {
            Variables = [
                JobRequest.Variable("PLAIN", "a value"),
                JobRequest.Variable("A_FILE", "in a file\nof two lines") with { File = true },
                JobRequest.Variable("ODD", "'quotes' \"both\" $$HOME `tick` \\ back\tslash"),
            ],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("plain=a value\n", job.Log.Text);
        Assert.Contains("file=in a file\nof two lines\n", job.Log.Text);
        Assert.Contains("odd='quotes' \"both\" $HOME `tick` \\ back\tslash\n", job.Log.Text);
    }

    [Fact]
    public async Task Script_LeavingABackgroundProcess_DoesNotHoldTheStage()
    {
        await using var job = new TestJob(cluster, new JobRequest("sleep 600 & until pgrep -x sleep; do :; done"));

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.True(outcome.Duration < TimeSpan.FromSeconds(60), $"The job took {outcome.Duration}");
        Assert.True(job.Log.Text.Contains("left processes running: sleep"), job.Log.Text);
    }

    [Fact]
    public async Task Script_WithAProcessThatOutlivesItsStage_FindsItInTheNext()
    {
        await using var job = new TestJob(cluster, new JobRequest("setsid sleep 601 > /dev/null 2>&1 &") { AfterScript = ["pgrep -x sleep && echo still there"] });

        await job.RunAsync();

        Assert.Contains("still there", job.Log.Text);
    }

    [Fact]
    public async Task Processes_ThatEndAsOrphans_LeaveNoZombies()
    {
        // Each child's parent ends first, so that PID 1, the agent, inherits it; then all of them end.
        const string orphans = "for i in $(seq 50); do (sh -c 'exec sleep 0.1' &); done";
        const string wait = "while pgrep -x sleep > /dev/null; do sleep 0.05; done";
        await using var job = new TestJob(cluster, new JobRequest(orphans, wait, "echo zombies: $(ps -e -o stat= | grep -c Z)"));

        await job.RunAsync();

        Assert.True(job.Log.Text.Contains("zombies: 0\n", StringComparison.Ordinal), job.Log.Text);
    }

    [Fact]
    public async Task Output_OfEveryByte_ArrivesAsItWas()
    {
        // 1 MiB of all byte values, and its sum as the script itself sees it.
        const string script = "head -c 1048576 /dev/urandom > /tmp/bytes; sha256sum < /tmp/bytes | cut -d' ' -f1 > /tmp/sum; cat /tmp/bytes";
        await using var job = new TestJob(cluster, new JobRequest("true"));
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        await session.PrepareAsync(TestContext.Current.CancellationToken);

        var output = await session.RunAsync("build_script", "#!/bin/bash\n" + script, TestContext.Current.CancellationToken);
        var sum = await session.RunAsync("after_script", "cat /tmp/sum", TestContext.Current.CancellationToken);
        await session.CleanupAsync();

        Assert.Equal(1048576, output.Stdout.Bytes);
        Assert.Equal(sum.Stdout.Text.Trim(), output.Stdout.Sha256);
    }
}
