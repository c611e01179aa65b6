using System.ComponentModel;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>How a child ended.</summary>
/// <param name="Status">As waitpid gives it; -1 if it is not known.</param>
/// <param name="Cpu">User and system time.</param>
internal readonly record struct ChildEnd(int Status, TimeSpan Cpu);

/// <summary>
/// A child as gitlab-runner starts its executor: leader of its own process group (setpgid, not setsid), stdin /dev/null,
/// stdout and stderr two pipes (helpers/process/commander.go, killer_unix.go).
/// </summary>
internal sealed unsafe class ChildProcess : IDisposable
{
    // Both opaque structs of glibc are smaller (80 and 336 bytes on x86-64).
    private const int OpaqueSize = 512;
    private const int SignalSetSize = 128;

    private readonly AnonymousPipeClientStream _stdout;
    private readonly AnonymousPipeClientStream _stderr;

    private ChildProcess(int id, int stdout, int stderr)
    {
        Id = id;
        _stdout = new AnonymousPipeClientStream(PipeDirection.In, new SafePipeHandle(stdout, ownsHandle: true));
        _stderr = new AnonymousPipeClientStream(PipeDirection.In, new SafePipeHandle(stderr, ownsHandle: true));
        var exit = new TaskCompletionSource<ChildEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        Exit = exit.Task;
        new Thread(() => exit.SetResult(Wait(id))) { IsBackground = true, Name = $"waitpid {id}" }.Start();
    }

    public int Id { get; }

    public Stream Stdout => _stdout;

    public Stream Stderr => _stderr;

    public Task<ChildEnd> Exit { get; }

    /// <exception cref="Win32Exception">The program cannot be started, for example because an argument or variable is too long.</exception>
    public static ChildProcess Start(IReadOnlyList<string> command, IReadOnlyCollection<string> environment, string directory)
    {
        var ends = stackalloc int[4];
        if (Libc.Pipe(ends, Libc.CloseOnExec) != 0 || Libc.Pipe(ends + 2, Libc.CloseOnExec) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }

        var error = Spawn(command, environment, directory, ends[1], ends[3], out var pid);
        _ = Libc.Close(ends[1]);
        _ = Libc.Close(ends[3]);
        if (error == 0)
        {
            return new ChildProcess(pid, ends[0], ends[2]);
        }

        _ = Libc.Close(ends[0]);
        _ = Libc.Close(ends[2]);
        throw new Win32Exception(error);
    }

    /// <summary>Signals the whole group, also what is left of it after its leader has ended.</summary>
    public void SignalGroup(int signal) => _ = Libc.Kill(-Id, signal);

    public void Dispose()
    {
        _stdout.Dispose();
        _stderr.Dispose();
    }

    private static int Spawn(
        IReadOnlyList<string> command, IReadOnlyCollection<string> environment, string directory, int stdout, int stderr, out int pid)
    {
        var actions = stackalloc byte[OpaqueSize];
        var attributes = stackalloc byte[OpaqueSize];
        var allSignals = stackalloc byte[SignalSetSize];
        var noSignals = stackalloc byte[SignalSetSize];
        new Span<byte>(allSignals, SignalSetSize).Fill(0xff);
        new Span<byte>(noSignals, SignalSetSize).Clear();

        _ = Libc.ActionsInit(actions);
        _ = Libc.ActionsOpen(actions, 0, "/dev/null", 0, 0);
        _ = Libc.ActionsDup(actions, stdout, 1);
        _ = Libc.ActionsDup(actions, stderr, 2);
        _ = Libc.ActionsChangeDirectory(actions, directory);

        // .NET ignores SIGPIPE and a child would inherit that; a child of gitlab-runner does not.
        _ = Libc.AttributesInit(attributes);
        _ = Libc.AttributesFlags(attributes, Libc.SpawnSetGroup | Libc.SpawnSetSigDefault | Libc.SpawnSetSigMask);
        _ = Libc.AttributesGroup(attributes, 0);
        _ = Libc.AttributesSigDefault(attributes, allSignals);
        _ = Libc.AttributesSigMask(attributes, noSignals);

        using var argv = new CStrings(command);
        using var envp = new CStrings(environment);
        int started;
        var error = Libc.Spawn(&started, command[0], actions, attributes, argv.Pointer, envp.Pointer);
        _ = Libc.ActionsDestroy(actions);
        _ = Libc.AttributesDestroy(attributes);
        pid = started;
        return error;
    }

    private static ChildEnd Wait(int pid)
    {
        int status;
        ResourceUsage usage;
        while (Libc.Wait(pid, &status, 0, &usage) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Libc.Interrupted)
            {
                // Nobody else may reap our children; if somebody did, the code is lost.
                return new ChildEnd(-1, TimeSpan.Zero);
            }
        }

        return new ChildEnd(status, usage.Cpu);
    }
}
