using System.ComponentModel;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>Starts a stage's shell: own session, stdin from /dev/null, one pipe for output, no inherited descriptor, signal or mask.</summary>
internal static unsafe class StageProcess
{
    // Both opaque structs of glibc are smaller (80 and 336 bytes on x86-64).
    private const int OpaqueSize = 512;
    private const int SignalSetSize = 128;

    /// <summary>Makes a pipe whose write end belongs to <paramref name="owner"/>, so that a script may open /dev/stderr by name.</summary>
    public static (int ReadEnd, int WriteEnd) Pipe(Identity owner)
    {
        var ends = stackalloc int[2];
        if (Libc.Pipe(ends, Libc.CloseOnExec) != 0)
        {
            throw new Win32Exception();
        }

        // Larger than the default 64 KiB where the kernel lets us: fewer turns for a chatty script.
        _ = Libc.Fcntl(ends[1], Libc.SetPipeSize, 256 * 1024);
        if (owner != Identity.OfThisProcess && Libc.ChangeOwner(ends[1], owner.Uid, owner.Gid) != 0)
        {
            var error = new Win32Exception();
            _ = Libc.Close(ends[0]);
            _ = Libc.Close(ends[1]);
            throw error;
        }

        return (ends[0], ends[1]);
    }

    /// <summary>Makes two sockets that are joined with each other. Neither is inherited unless it is given to <see cref="Spawn"/>.</summary>
    public static (int Ours, int Theirs) SocketPair()
    {
        var ends = stackalloc int[2];
        return Libc.SocketPair(Libc.UnixSockets, Libc.StreamSocket | Libc.CloseOnExec, 0, ends) == 0 ? (ends[0], ends[1]) : throw new Win32Exception();
    }

    /// <param name="output">What becomes stdout and stderr: one pipe, so that what is written to both stays in its order.</param>
    /// <param name="link">What becomes descriptor 3; -1 for none.</param>
    /// <exception cref="Win32Exception">The program cannot be started.</exception>
    public static int Spawn(
        IReadOnlyList<string> command, IReadOnlyList<string> environment, string directory, int output, int link)
    {
        var actions = stackalloc byte[OpaqueSize];
        var attributes = stackalloc byte[OpaqueSize];
        var allSignals = stackalloc byte[SignalSetSize];
        var noSignals = stackalloc byte[SignalSetSize];
        new Span<byte>(allSignals, SignalSetSize).Fill(0xff);
        new Span<byte>(noSignals, SignalSetSize).Clear();

        _ = Libc.SpawnActionsInit(actions);
        _ = Libc.SpawnActionsOpen(actions, 0, "/dev/null", 0, 0);
        _ = Libc.SpawnActionsDup(actions, output, 1);
        _ = Libc.SpawnActionsDup(actions, output, 2);
        if (link >= 0)
        {
            _ = Libc.SpawnActionsDup(actions, link, Relay.DriverAsks.Descriptor);
        }

        _ = Libc.SpawnActionsChangeDirectory(actions, directory);

        // .NET ignores SIGPIPE; a script that inherits that never ends in `yes | head`.
        _ = Libc.SpawnAttributesInit(attributes);
        _ = Libc.SpawnAttributesFlags(attributes, Libc.SpawnSetSigDefault | Libc.SpawnSetSigMask | Libc.SpawnSetSession);
        _ = Libc.SpawnAttributesSigDefault(attributes, allSignals);
        _ = Libc.SpawnAttributesSigMask(attributes, noSignals);

        using var argv = new CStrings(command);
        using var envp = new CStrings(environment);
        int pid;
        var error = Libc.Spawn(&pid, command[0], actions, attributes, argv.Pointer, envp.Pointer);
        _ = Libc.SpawnActionsDestroy(actions);
        _ = Libc.SpawnAttributesDestroy(attributes);
        return error == 0 ? pid : throw new Win32Exception(error, $"{command[0]}: {new Win32Exception(error).Message}");
    }
}
