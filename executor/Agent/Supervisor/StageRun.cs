using System.Net.Sockets;
using PodExecutor.Agent.Builders;
using PodExecutor.Agent.Images;
using PodExecutor.Agent.Native;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>Starts a child process and gives the task that ends with it: <see cref="Reaper.Start"/>. The task never fails.</summary>
/// <param name="spawn">Returns the pid.</param>
internal delegate (int Pid, Task<ProcessEnd> Ended) StartProcess(Func<int> spawn);

/// <summary>One execution of a stage's script, from its start until a newer one takes its place. It does not know of connections.</summary>
internal sealed class StageRun : IDisposable
{
    private static readonly TimeSpan Round = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(5);

    private readonly SupervisorOptions _options;
    private readonly TimeProvider _time;
    private readonly Cgroup _cgroup;
    private readonly TimeSpan _stopGrace;
    private readonly ulong _oomKillsBefore;
    private readonly ulong _cpuBefore;
    private readonly HashSet<int> _earlierLeftovers;
    private readonly AwayNote _builderAway;
    private readonly string _awayBefore;
    private readonly Lock _lock = new();
    private Task? _stopping;

    private Task? Stopping
    {
        get
        {
            lock (_lock)
            {
                return _stopping;
            }
        }
    }

    private StageRun(SupervisorOptions options, Open open, TimeProvider time, Cgroup cgroup)
    {
        (_options, _time, _cgroup) = (options, time, cgroup);
        _stopGrace = TimeSpan.FromMilliseconds(open.StopGraceMs);
        RunId = open.RunId;
        _oomKillsBefore = cgroup.OomKills;
        _cpuBefore = cgroup.CpuMicroseconds;
        _earlierLeftovers = [.. ProcessTable.Descendants(Environment.ProcessId).Select(p => p.Pid)];
        _builderAway = new AwayNote(new BuilderSockets(options.ToolsDirectory).Away);
        _awayBefore = _builderAway.Read();
        Spool = new Spool(options.SpoolPath, options.SpoolCapacity);
    }

    public string RunId { get; }

    public Spool Spool { get; }

    public Started Started { get; private set; } = new();

    /// <summary>What the process asks the driver; null for a script, which asks nothing.</summary>
    public AskRelay? Asks { get; private set; }

    /// <summary>The stage's result; ends when the shell has ended, and after <see cref="Stop"/> when no process is left.</summary>
    public Task<Ended> Ended { get; private set; } =
        Task.FromException<Ended>(new InvalidOperationException("The run was not started."));

    /// <summary>Starts the script.</summary>
    /// <exception cref="StartRefusedException">There is no shell, or it cannot be started; no process is left then.</exception>
    public static StageRun Start(
        SupervisorOptions options, Open open, ReadOnlySpan<byte> script, Identity identity, StartProcess start, TimeProvider time, Cgroup cgroup)
    {
        StageRun? run = null;
        try
        {
            var program = Program(options, open.Work);
            run = new StageRun(options, open, time, cgroup);
            StateEntry.Write(options.ScriptPath, script, identity);
            run.Launch(program, open, identity, start);
            return run;
        }
#pragma warning disable CA1031 // Whatever it is, the driver must hear of it; unanswered it would wait for a stage that never starts.
        catch (Exception e) when (e is not StartRefusedException)
#pragma warning restore CA1031
        {
            run?.Dispose();
            throw new StartRefusedException(Refused.Types.Reason.StartFailed, $"the stage cannot be started: {e.Message}");
        }
    }

    /// <summary>TERM to every process of the stage, KILL after the grace. Idempotent; the task ends when none is left.</summary>
    public Task StopAsync()
    {
        lock (_lock)
        {
            return _stopping ??= StopProcessesAsync();
        }
    }

    public void Dispose()
    {
        Asks?.Dispose();
        Spool.Dispose();
    }

    /// <summary>What is started with the file of the driver's bytes as its last argument.</summary>
    private static IReadOnlyList<string> Program(SupervisorOptions options, Work work) => work switch
    {
        Work.CacheTask => ["/proc/self/exe", "cache-task", options.CachePath],
        _ => Shell.Choose(options.ToolsDirectory) ?? throw new StartRefusedException(
            Refused.Types.Reason.NoShell,
            $"the image has neither bash nor sh, and pod-executor's own shell is not at {options.ToolsDirectory}/busybox"),
    };

    private void Launch(IReadOnlyList<string> program, Open open, Identity identity, StartProcess start)
    {
        string[] switchUser = identity == Identity.OfThisProcess ? [] : ["/proc/self/exe", "as", $"{identity.Uid}", $"{identity.Gid}"];
        string[] command = [.. switchUser, .. program, _options.ScriptPath];
        var environment = StageEnvironment.Build(_options, identity);
        var home = Directory.Exists(open.WorkingDirectory) ? open.WorkingDirectory : "/";
        if (open.Work == Work.CacheTask)
        {
            StateEntry.MakeDirectory(_options.CachePath, identity);
        }

        var output = StageProcess.Pipe(identity);
        var link = (Ours: -1, Theirs: -1);
        OutputPump? pump = null;
        try
        {
            pump = new OutputPump(output.ReadEnd, Spool);
            link = open.Work == Work.Script ? link : StageProcess.SocketPair();
            Asks = link.Ours < 0 ? null : new AskRelay(new Socket(new SafeSocketHandle(link.Ours, ownsHandle: true)));

            // The last thing that may fail: what follows must not, for the script runs.
            var (pid, ended) = start(() => StageProcess.Spawn(command, environment, home, output.WriteEnd, link.Theirs));
            Started = new Started { Shell = program[0], Pid = pid, Uid = identity.Uid, Gid = identity.Gid };
            Ended = ConcludeAsync(ended, pump);
            _ = Ended.ContinueWith(_ => Spool.Pulse(), TaskScheduler.Default);
        }
        catch
        {
            _ = pump is null ? Task.FromResult(Libc.Close(output.ReadEnd)) : pump.ShellEndedAsync();
            throw;
        }
        finally
        {
            _ = Libc.Close(output.WriteEnd);
            _ = link.Theirs < 0 ? 0 : Libc.Close(link.Theirs);
        }
    }

    private async Task<Ended> ConcludeAsync(Task<ProcessEnd> shellEnded, OutputPump pump)
    {
        var end = await shellEnded;
        var result = new Ended { ExitCode = end.ExitCode, Signal = end.Signal };
        try
        {
            await pump.ShellEndedAsync();
            if (Stopping is { } stopping)
            {
                result.Stopped = true;
                await stopping;
            }

            Describe(result);
            StateEntry.Clear(_options.ScriptPath);
        }
#pragma warning disable CA1031 // How the shell ended is known and must reach the driver, whatever the script did to our files.
        catch (Exception e)
#pragma warning restore CA1031
        {
            await Console.Error.WriteLineAsync($"pod-agent: after the end of the stage: {e.Message}");
        }

        return result;
    }

    private void Describe(Ended result)
    {
        result.OomKilled = _cgroup.OomKills > _oomKillsBefore;
        result.MemoryLimit = _cgroup.MemoryLimit;
        result.MemoryPeak = _cgroup.MemoryPeak;
        result.CpuMicroseconds = _cgroup.CpuMicroseconds - _cpuBefore;
        result.BuilderAway = result.ExitCode == ImageExit.Builder ? _builderAway.Since(_awayBefore) : "";
        var leftovers = ProcessTable.Descendants(Environment.ProcessId).Where(p => !_earlierLeftovers.Contains(p.Pid));
        result.Leftovers.Add(leftovers.Take(20).Select(p => $"{p.Name} (pid {p.Pid})"));
    }

    private async Task StopProcessesAsync()
    {
        ProcessTable.Signal(ProcessTable.Descendants(Environment.ProcessId), Libc.SigTerm);
        if (await GoneWithinAsync(_stopGrace, signal: null))
        {
            return;
        }

        // Again and again: a process may fork between our look and our signal.
        await GoneWithinAsync(KillPatience, Libc.SigKill);
    }

    private async Task<bool> GoneWithinAsync(TimeSpan patience, int? signal)
    {
        var begin = _time.GetTimestamp();
        var empty = 0;
        while (true)
        {
            // A process whose parent ends during the look belongs to nobody in it: one look does not prove that none is left.
            var alive = ProcessTable.Descendants(Environment.ProcessId);
            empty = alive.Count == 0 ? empty + 1 : 0;
            if (empty == 2)
            {
                return true;
            }

            if (empty == 1)
            {
                continue;
            }

            if (signal is { } number)
            {
                ProcessTable.Signal(alive, number);
            }

            if (_time.GetElapsedTime(begin) > patience)
            {
                return false;
            }

            await Task.Delay(Round, _time);
        }
    }
}
