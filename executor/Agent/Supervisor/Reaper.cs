using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>How a process ended: by exit code, or by a signal.</summary>
internal readonly record struct ProcessEnd(int ExitCode, int Signal)
{
    /// <param name="status">As waitpid gives it.</param>
    public static ProcessEnd Of(int status) => (status & 0x7f) == 0 ? new ProcessEnd((status >> 8) & 0xff, 0) : new ProcessEnd(-1, status & 0x7f);
}

/// <summary>
/// Takes leave of every child, adopted orphans included, as PID 1 must, on a thread of its own. .NET's own SIGCHLD handling
/// is switched off: as PID 1 it takes every child itself and drops its status, whatever handler is registered.
/// </summary>
internal sealed class Reaper : IDisposable
{
    /// <summary>With no child of our own, an orphan of an exec session may still be given to us.</summary>
    private static readonly TimeSpan OrphanRound = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<int, TaskCompletionSource<ProcessEnd>> _awaited = new();
    private readonly Lock _lock = new();
    private readonly AutoResetEvent _spawned = new(false);
    private volatile bool _over;

    /// <summary>To be made after the program's signal handlers: .NET installs its own for SIGCHLD along with the first of them.</summary>
    public Reaper()
    {
        _ = Libc.Prctl(Libc.SetChildSubreaper, 1, 0, 0, 0);
        _ = Libc.SetSignalHandler(Libc.SigChild, Libc.DefaultHandler);
        new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "reaper" }.Start();
    }

    /// <summary>Starts a child and gives the task that ends with it.</summary>
    /// <param name="spawn">Returns the pid; runs under the lock, so that a child cannot be reaped before it is known.</param>
    public (int Pid, Task<ProcessEnd> Ended) Start(Func<int> spawn)
    {
        lock (_lock)
        {
            var pid = spawn();
            var ended = new TaskCompletionSource<ProcessEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited[pid] = ended;
            _spawned.Set();
            return (pid, ended.Task);
        }
    }

    public void Dispose()
    {
        _over = true;
        _spawned.Set();
    }

    private unsafe void Run()
    {
        while (!_over)
        {
            int status;
            var pid = Libc.WaitPid(-1, &status, 0);
            if (pid > 0)
            {
                Report(pid, status);
            }
            else if (Marshal.GetLastPInvokeError() != Libc.Interrupted)
            {
                _spawned.WaitOne(OrphanRound);
            }
        }
    }

    private void Report(int pid, int status)
    {
        lock (_lock)
        {
            if (_awaited.TryRemove(pid, out var ended))
            {
                ended.TrySetResult(ProcessEnd.Of(status));
            }
        }
    }
}
