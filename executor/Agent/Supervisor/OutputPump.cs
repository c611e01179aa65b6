using System.Runtime.InteropServices;
using PodExecutor.Agent.Native;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// Moves a stage's stdout and stderr into the spool, on a thread of its own. When the shell ends it takes what stands in the
/// pipes at that moment and is done: a background process that keeps the pipe open does not hold the stage. What such a
/// process writes later is read and dropped, so that it neither blocks nor dies of SIGPIPE.
/// </summary>
internal sealed unsafe class OutputPump
{
    private readonly int _stdout;
    private readonly int _stderr;
    private readonly Spool _spool;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(LinkProtocol.ChunkSize, pinned: true);
    private readonly int _wakeRead;
    private readonly int _wakeWrite;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="stdout">The read end; the pump closes it.</param>
    /// <param name="stderr">The read end; the pump closes it.</param>
    public OutputPump(int stdout, int stderr, Spool spool)
    {
        (_stdout, _stderr, _spool) = (stdout, stderr, spool);
        (_wakeRead, _wakeWrite) = StageProcess.Pipe(Identity.OfThisProcess);
        new Thread(Run, maxStackSize: 256 * 1024) { IsBackground = true, Name = "output" }.Start();
    }

    /// <summary>Ends with the last byte that the shell wrote before it ended.</summary>
    public Task ShellEndedAsync()
    {
        byte one = 1;
        _ = Libc.Write(_wakeWrite, &one, 1);
        return _drained.Task;
    }

    private void Run()
    {
        var fds = stackalloc Libc.PollFd[3];
        fds[0] = new Libc.PollFd { Fd = _stdout, Events = Libc.PollIn };
        fds[1] = new Libc.PollFd { Fd = _stderr, Events = Libc.PollIn };
        fds[2] = new Libc.PollFd { Fd = _wakeRead, Events = Libc.PollIn };
        var open = 2;
        while (open > 0 || !_drained.Task.IsCompleted)
        {
            if (Libc.Poll(fds, 3, -1) < 0)
            {
                continue;
            }

            if (fds[2].Returned != 0)
            {
                Drain(fds);
                fds[2].Fd = -1;
            }

            open -= Pump(ref fds[0], Channel.Stdout) + Pump(ref fds[1], Channel.Stderr);
        }

        _ = Libc.Close(_wakeRead);
        _ = Libc.Close(_wakeWrite);
    }

    /// <summary>Takes exactly what is in the pipes now; a leftover that writes without end cannot hold us here.</summary>
    private void Drain(Libc.PollFd* fds)
    {
        for (var i = 0; i < 2; i++)
        {
            int readable;
            if (fds[i].Fd < 0 || Libc.Ioctl(fds[i].Fd, Libc.GetReadable, &readable) != 0)
            {
                continue;
            }

            while (readable > 0 && Read(fds[i].Fd, Math.Min(readable, _buffer.Length)) is var count and > 0)
            {
                _spool.Append(i == 0 ? Channel.Stdout : Channel.Stderr, _buffer.AsSpan(0, count));
                readable -= count;
            }
        }

        _drained.TrySetResult();
    }

    /// <summary>One read if there is something; 1 if the pipe's last writer has gone.</summary>
    private int Pump(ref Libc.PollFd fd, Channel channel)
    {
        if (fd.Fd < 0 || fd.Returned == 0)
        {
            return 0;
        }

        var count = Read(fd.Fd, _buffer.Length);
        if (count > 0)
        {
            if (!_drained.Task.IsCompleted)
            {
                _spool.Append(channel, _buffer.AsSpan(0, count));
            }

            return 0;
        }

        _ = Libc.Close(fd.Fd);
        fd.Fd = -1;
        return 1;
    }

    private int Read(int fd, int count)
    {
        fixed (byte* buffer = _buffer)
        {
            nint read;
            do
            {
                read = Libc.Read(fd, buffer, count);
            }
            while (read < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);

            return (int)read;
        }
    }
}
