using System.Globalization;
using System.Text;
using PodExecutor.Agent.Supervisor;
using PodExecutor.Link;

namespace PodExecutor.Tests.Unit.Core.Supervisor;

/// <summary>Stages with a real shell.</summary>
public sealed class StageRunTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestDirectory _directory = new();
    private readonly SupervisorOptions _options;
    private readonly StageRuns _runs;
    private int _count;

    public StageRunTests()
    {
        _options = new SupervisorOptions(_directory.At("state"), _directory.At("tools"), null);
        Directory.CreateDirectory(_options.StateDirectory);
        _runs = new StageRuns(_options, OwnChildren.Start, Cgroup.OfThisProcess, TimeProvider.System);
    }

    public void Dispose()
    {
        _runs.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Output_LinesAlternatelyToStdoutAndStderr_StayInTheirOrder()
    {
        var (ended, output) = await RunAsync("i=0; while [ $i -lt 400 ]; do echo o$i; echo e$((i+1)) >&2; i=$((i+2)); done");

        Assert.Equal(0, ended.ExitCode);
        var expected = Enumerable.Range(0, 400).Select(i => (i % 2 == 0 ? "o" : "e") + i.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(expected, output.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Output_BinaryDataAndLinesWithoutEnd_IsExact()
    {
        var (_, output) = await RunAsync(
            @"printf 'a\0\377'; printf 'b\r' >&2; printf c; /bin/sh -c 'printf d >&2; printf e; echo f > /dev/stderr'"
            + @"; printf '\n\n' >&2; printf g");

        Assert.Equal("a\0\u00ffb\rcdef\n\n\ng", output);
    }

    [Fact]
    public async Task Output_LargerThanPipeAndChunk_IsWhole()
    {
        var (_, output) = await RunAsync("head -c 3000000 /dev/zero | tr '\\0' x; printf end >&2");

        Assert.Equal(3_000_003, output.Length);
        Assert.EndsWith("xend", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rm \"$S/script\"; mkdir \"$S/script\"; touch \"$S/script/file\"")]
    [InlineData("rm \"$S/script\"; ln -s /nowhere/at/all \"$S/script\"")]
    [InlineData("mkdir \"$S/output\" \"$S/home\"; touch \"$S/output/file\"")]
    [InlineData("touch \"$S/home\" \"$S/cache\"; ln -s /nowhere/at/all \"$S/output\"")]
    [InlineData("mkfifo \"$S/output\"; rm \"$S/script\"; mkfifo \"$S/script\"")]
    [InlineData("rm -rf \"$S\"")]
    public async Task State_SpoiltByTheScript_EndIsReportedAndTheNextStageRuns(string line)
    {
        var (ended, _) = await RunAsync($"S='{_options.StateDirectory}'\n{line}\necho done; exit 3");
        var (next, output) = await RunAsync("echo next");

        Assert.Equal((3, 0, "next\n"), (ended.ExitCode, next.ExitCode, output));
    }

    [Fact]
    public async Task State_CannotBeWritten_IsRefusedAndTheNextStageRuns()
    {
        Directory.Delete(_options.StateDirectory);
        await File.WriteAllTextAsync(_options.StateDirectory, "not a directory", TestContext.Current.CancellationToken);

        var refused = await Assert.ThrowsAsync<StartRefusedException>(() => RunAsync("echo never"));
        Assert.Equal(Refused.Types.Reason.StartFailed, refused.Reason);
        Assert.Contains(_options.StateDirectory, refused.Message, StringComparison.Ordinal);

        File.Delete(_options.StateDirectory);
        Assert.Equal("next\n", (await RunAsync("echo next")).Output);
    }

    [Fact]
    public async Task Process_CannotBeStarted_IsRefused()
    {
        StartProcess start = _ => throw new InvalidOperationException("no more processes");
        using var runs = new StageRuns(_options, start, Cgroup.OfThisProcess, TimeProvider.System);

        var refused = await Assert.ThrowsAsync<StartRefusedException>(
            () => runs.StartAsync(Open(), "echo"u8.ToArray(), TestContext.Current.CancellationToken));

        Assert.Contains("no more processes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leftover_WithTheRingFullAndNoDriver_DoesNotHoldTheStageNorTheNextOne()
    {
        var small = _options with { SpoolCapacity = 4096 };
        using var runs = new StageRuns(small, OwnChildren.Start, Cgroup.OfThisProcess, TimeProvider.System);
        var marker = _directory.At("marker");
        var script = $"head -c 100000 /dev/zero\n(head -c 2000000 /dev/zero; touch '{marker}') &\nexit 5";

        // Nobody reads: the ring is full, and then the pipe.
        var run = await runs.StartAsync(Open(), Encoding.UTF8.GetBytes(script), TestContext.Current.CancellationToken);

        Assert.Equal(5, (await run.Ended.WaitAsync(Patience, TestContext.Current.CancellationToken)).ExitCode);
        await Until.TrueAsync(() => File.Exists(marker), "the leftover has written all of its own");
        Assert.Equal(0, run.Spool.Acknowledged);
    }

    [Theory]
    [InlineData("echo 'oom_kill 3' > \"$D/fs/memory.events\"; exit 137", true)]
    [InlineData("exit 137", false)]
    public async Task Oom_ProcessOfTheStageWasKilledAndTheAgentLives_IsTold(string line, bool killed)
    {
        _directory.Write("fs/cgroup.controllers", "memory\n");
        _directory.Write("fs/memory.events", "oom_kill 2\n");
        _directory.Write("fs/memory.max", "1048576\n");
        var cgroup = new Cgroup(CgroupPaths.Find(_directory.At("self"), _directory.At("fs")));
        using var runs = new StageRuns(_options, OwnChildren.Start, cgroup, TimeProvider.System);

        var script = Encoding.UTF8.GetBytes($"D='{_directory.Path}'\n{line}");
        var run = await runs.StartAsync(Open(), script, TestContext.Current.CancellationToken);
        var ended = await run.Ended.WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.Equal((137, killed, 1048576UL), (ended.ExitCode, ended.OomKilled, ended.MemoryLimit));
    }

    private static async Task<string> ReadAsync(StageRun run)
    {
        var all = new StringBuilder();
        var buffer = new byte[LinkProtocol.ChunkSize];
        var position = 0L;
        while (true)
        {
            var ended = run.Ended.IsCompleted;
            var count = run.Spool.Read(position, buffer, out position);
            all.Append(Encoding.Latin1.GetString(buffer, 0, count));
            run.Spool.Acknowledge(position);
            if (count == 0 && ended)
            {
                break;
            }

            var goesOn = count > 0 || await run.Spool.WaitAsync(Patience, TestContext.Current.CancellationToken);
            Assert.True(goesOn, "The stage is silent and does not end.");
        }

        return all.ToString();
    }

    private async Task<(Ended Ended, string Output)> RunAsync(string script)
    {
        var run = await _runs.StartAsync(Open(), Encoding.UTF8.GetBytes(script), TestContext.Current.CancellationToken);
        var output = await ReadAsync(run);
        return (await run.Ended, output);
    }

    private Open Open() => new() { RunId = $"run-{++_count}", WorkingDirectory = _directory.Path };
}
