using System.ComponentModel;
using System.Runtime.InteropServices;
using PodExecutor.Agent.Native;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// Moves a stage's output from its one pipe into the spool, on a thread of its own. When the shell ends, it takes what stands in the
/// pipe at that moment and is done: a background process that keeps the pipe open does not hold the stage. What such a process writes
/// later is read and dropped, so that it neither blocks nor dies of SIGPIPE; with the pipe's last writer the thread ends.
/// </summary>
/// <remarks>
/// Three states, one after the other, each a loop: streaming (wait for data or the shell's end), finishing (never waits), dropping
/// (wait for data). The pipe is read only after it was seen readable in the same state: nothing known of it is carried over.
/// </remarks>
internal sealed unsafe class OutputPump
{
    private readonly int _pipe;
    private readonly int _wakeRead;
    private readonly int _wakeWrite;
    private readonly Spool _spool;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(LinkProtocol.ChunkSize, pinned: true);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="pipe">The read end; the pump closes it.</param>
    /// <exception cref="Win32Exception">Too many descriptors are open.</exception>
    public OutputPump(int pipe, Spool spool)
    {
        (_pipe, _spool) = (pipe, spool);
        (_wakeRead, _wakeWrite) = StageProcess.Pipe(Identity.OfThisProcess);
        new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "output" }.Start();
    }

    /// <summary>Ends with the thread: no process has the pipe any more.</summary>
    public Task Over => _over.Task;

    /// <summary>Ends when every byte written before the call is in the spool. It waits for no reader. To be called once.</summary>
    public Task ShellEndedAsync()
    {
        _spool.StopWaiting();
        byte one = 1;
        _ = Libc.Write(_wakeWrite, &one, 1);
        return _drained.Task;
    }

    private void Run()
    {
        var isOpen = Stream(out var rest);
        Finish(rest, isOpen);
        _drained.TrySetResult();
        while (isOpen && Read(_buffer.Length) > 0)
        {
            // Dropped.
        }

        _ = Libc.Close(_pipe);
        _over.TrySetResult();
    }

    /// <returns>False if the pipe has ended. <paramref name="rest"/> is what was read and not stored when the shell ended.</returns>
    private bool Stream(out ReadOnlySpan<byte> rest)
    {
        rest = [];
        var fds = stackalloc Libc.PollFd[2];
        fds[0] = new Libc.PollFd { Fd = _pipe, Events = Libc.PollIn };
        fds[1] = new Libc.PollFd { Fd = _wakeRead, Events = Libc.PollIn };
        while (true)
        {
            if (Libc.Poll(fds, 2, -1) < 0)
            {
                continue;
            }

            if (fds[1].Returned != 0)
            {
                return fds[0].Fd >= 0;
            }

            var count = Read(_buffer.Length);
            if (count <= 0)
            {
                // The script may close its output long before it ends.
                fds[0].Fd = -1;
                continue;
            }

            var taken = _spool.Append(_buffer.AsSpan(0, count));
            if (taken < count)
            {
                rest = _buffer.AsSpan(taken, count - taken);
                return true;
            }
        }
    }

    /// <summary>Takes exactly what is in the pipe now; a leftover that writes without end cannot hold us here.</summary>
    private void Finish(ReadOnlySpan<byte> rest, bool isOpen)
    {
        using var last = new MemoryStream();
        last.Write(rest);
        int readable;
        if (isOpen && Libc.Ioctl(_pipe, Libc.GetReadable, &readable) == 0)
        {
            while (readable > 0 && Read(Math.Min(readable, _buffer.Length)) is var count and > 0)
            {
                last.Write(_buffer, 0, count);
                readable -= count;
            }
        }

        _spool.Complete(last.GetBuffer().AsSpan(0, (int)last.Length));
        CloseWake();
    }

    // Not before the wake-up was written: Finish runs only after that, or after StopWaiting, which comes right before it.
    private void CloseWake()
    {
        byte one;
        _ = Libc.Read(_wakeRead, &one, 1);
        _ = Libc.Close(_wakeRead);
        _ = Libc.Close(_wakeWrite);
    }

    private int Read(int count)
    {
        fixed (byte* buffer = _buffer)
        {
            nint read;
            do
            {
                read = Libc.Read(_pipe, buffer, count);
            }
            while (read < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);

            return (int)read;
        }
    }
}
