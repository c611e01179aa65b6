using System.Runtime.ExceptionServices;

namespace PodExecutor.Agent.Cache;

/// <summary>Threads of their own for work that blocks in system calls: the pool's are for the transfers.</summary>
internal static class Threads
{
    private const int StackSize = 512 * 1024;

    /// <summary>Runs the work on so many threads, the caller's among them, and throws what the first of them threw.</summary>
    public static void Run(int count, Action work)
    {
        ExceptionDispatchInfo? failure = null;
        void Guarded()
        {
            try
            {
                work();
            }
#pragma warning disable CA1031 // Thrown again by the caller's thread; on this one it would end the process.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            }
        }

        var threads = Enumerable.Range(1, count - 1).Select(_ => new Thread(Guarded, StackSize) { IsBackground = true }).ToList();
        threads.ForEach(t => t.Start());
        Guarded();
        threads.ForEach(t => t.Join());
        failure?.Throw();
    }
}
