using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>How a process ended: by exit code, or by a signal.</summary>
internal readonly record struct ProcessEnd(int ExitCode, int Signal);

/// <summary>
/// Takes leave of every child, adopted orphans included, as PID 1 must. It uses waitpid itself: System.Diagnostics.Process
/// would take its own children only.
/// </summary>
internal sealed class Reaper : IDisposable
{
    private readonly ConcurrentDictionary<int, TaskCompletionSource<ProcessEnd>> _awaited = new();
    private readonly Lock _lock = new();
    private readonly PosixSignalRegistration _signal;

    public Reaper()
    {
        _ = Libc.Prctl(Libc.SetChildSubreaper, 1, 0, 0, 0);
        _signal = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, context =>
        {
            context.Cancel = true;
            Reap();
        });
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
            return (pid, ended.Task);
        }
    }

    public void Dispose() => _signal.Dispose();

    private unsafe void Reap()
    {
        lock (_lock)
        {
            int status;
            int pid;
            while ((pid = Libc.WaitPid(-1, &status, Libc.WaitNoHang)) > 0)
            {
                if (_awaited.TryRemove(pid, out var ended))
                {
                    var signal = status & 0x7f;
                    ended.TrySetResult(signal == 0 ? new ProcessEnd((status >> 8) & 0xff, 0) : new ProcessEnd(-1, signal));
                }
            }
        }
    }
}
