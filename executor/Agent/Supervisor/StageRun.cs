using System.ComponentModel;
using System.Net.Sockets;
using PodExecutor.Agent.Builders;
using PodExecutor.Agent.Images;
using PodExecutor.Agent.Native;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

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
    public Task<Ended> Ended { get; private set; } = Task.FromException<Ended>(new InvalidOperationException("The run was not started."));

    /// <summary>Starts the script.</summary>
    /// <exception cref="StartRefusedException">There is no shell, or it cannot be started.</exception>
    public static StageRun Start(
        SupervisorOptions options, Open open, ReadOnlySpan<byte> script, Identity identity, Reaper reaper, TimeProvider time, Cgroup cgroup)
    {
        var program = Program(options, open.Work);
        var run = new StageRun(options, open, time, cgroup);
        try
        {
            run.WriteScript(script, identity);
            run.Launch(program, open, identity, reaper);
            return run;
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            run.Dispose();
            throw new StartRefusedException(Refused.Types.Reason.StartFailed, $"{program[0]} cannot be started: {e.Message}");
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

    private static void MakeDirectory(string path, Identity owner)
    {
        Directory.CreateDirectory(path);
        if (owner != Identity.OfThisProcess)
        {
            _ = Libc.ChangeOwner(path, owner.Uid, owner.Gid);
        }
    }

    /// <summary>What is started with the file of the driver's bytes as its last argument.</summary>
    private static IReadOnlyList<string> Program(SupervisorOptions options, Work work) => work switch
    {
        Work.CacheTask => ["/proc/self/exe", "cache-task", options.CachePath],
        _ => Shell.Choose(options.ToolsDirectory) ?? throw new StartRefusedException(
            Refused.Types.Reason.NoShell,
            $"the image has neither bash nor sh, and pod-executor's own shell is not at {options.ToolsDirectory}/busybox"),
    };

    private void WriteScript(ReadOnlySpan<byte> script, Identity identity)
    {
        File.Delete(_options.ScriptPath);
        var create = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(_options.ScriptPath, create))
        {
            file.Write(script);
        }

        if (identity != Identity.OfThisProcess)
        {
            _ = Libc.ChangeOwner(_options.ScriptPath, identity.Uid, identity.Gid);
        }
    }

    private void Launch(IReadOnlyList<string> program, Open open, Identity identity, Reaper reaper)
    {
        string[] switchUser = identity == Identity.OfThisProcess ? [] : ["/proc/self/exe", "as", $"{identity.Uid}", $"{identity.Gid}"];
        string[] command = [.. switchUser, .. program, _options.ScriptPath];
        var environment = StageEnvironment.Build(_options, identity);
        var stdout = StageProcess.Pipe(identity);
        var stderr = StageProcess.Pipe(identity);
        if (open.Work == Work.CacheTask)
        {
            MakeDirectory(_options.CachePath, identity);
        }

        var link = open.Work == Work.Script ? (Ours: -1, Theirs: -1) : StageProcess.SocketPair();
        try
        {
            Asks = link.Ours < 0 ? null : new AskRelay(new Socket(new SafeSocketHandle(link.Ours, ownsHandle: true)));
            var home = Directory.Exists(open.WorkingDirectory) ? open.WorkingDirectory : "/";
            var (pid, ended) = reaper.Start(() => StageProcess.Spawn(command, environment, home, stdout.WriteEnd, stderr.WriteEnd, link.Theirs));
            Started = new Started { Shell = program[0], Pid = pid, Uid = identity.Uid, Gid = identity.Gid };
            Ended = ConcludeAsync(ended, new OutputPump(stdout.ReadEnd, stderr.ReadEnd, Spool));
            _ = Ended.ContinueWith(_ => Spool.Pulse(), TaskScheduler.Default);
        }
        finally
        {
            _ = Libc.Close(stdout.WriteEnd);
            _ = Libc.Close(stderr.WriteEnd);
            if (link.Theirs >= 0)
            {
                _ = Libc.Close(link.Theirs);
            }
        }
    }

    private async Task<Ended> ConcludeAsync(Task<ProcessEnd> shellEnded, OutputPump pump)
    {
        var end = await shellEnded;
        await pump.ShellEndedAsync();
        var stopping = Stopping;
        if (stopping is not null)
        {
            await stopping;
        }

        File.Delete(_options.ScriptPath);
        var leftovers = ProcessTable.Descendants(Environment.ProcessId).Where(p => !_earlierLeftovers.Contains(p.Pid));
        return new Ended
        {
            ExitCode = end.ExitCode,
            Signal = end.Signal,
            OomKilled = _cgroup.OomKills > _oomKillsBefore,
            MemoryLimit = _cgroup.MemoryLimit,
            MemoryPeak = _cgroup.MemoryPeak,
            CpuMicroseconds = _cgroup.CpuMicroseconds - _cpuBefore,
            Stopped = stopping is not null,
            BuilderAway = end.ExitCode == ImageExit.Builder ? _builderAway.Since(_awayBefore) : "",
            Leftovers = { leftovers.Take(20).Select(p => $"{p.Name} (pid {p.Pid})") },
        };
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
