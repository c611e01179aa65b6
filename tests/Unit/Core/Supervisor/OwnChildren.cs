using PodExecutor.Agent.Native;
using PodExecutor.Agent.Supervisor;

namespace PodExecutor.Tests.Unit.Core.Supervisor;

/// <summary>In place of the reaper, which takes every child of its process: other tests have children, too.</summary>
internal static class OwnChildren
{
    public static unsafe (int Pid, Task<ProcessEnd> Ended) Start(Func<int> spawn)
    {
        var pid = spawn();
        var ended = Task.Factory.StartNew(
            () =>
            {
                int status;
                while (Libc.WaitPid(pid, &status, 0) < 0)
                {
                    // Interrupted.
                }

                return ProcessEnd.Of(status);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return (pid, ended);
    }
}
