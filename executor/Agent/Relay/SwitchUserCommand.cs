using System.Collections;
using System.ComponentModel;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Relay;

/// <summary>
/// <c>pod-agent as UID GID PROGRAM ARGUMENTS…</c>: becomes that user, then that program. posix_spawn cannot change the user,
/// and forking a managed process is not safe, so the supervisor starts a script of another user through this.
/// </summary>
internal static class SwitchUserCommand
{
    public static unsafe int Run(uint uid, uint gid, IReadOnlyList<string> command)
    {
        if (Libc.SetGroups(1, &gid) != 0 || Libc.SetGids(gid, gid, gid) != 0 || Libc.SetUids(uid, uid, uid) != 0)
        {
            throw new Win32Exception();
        }

        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(e => $"{e.Key}={e.Value}").ToList();
        using var argv = new CStrings(command);
        using var envp = new CStrings(environment);
        _ = Libc.Execve(command[0], argv.Pointer, envp.Pointer);
        throw new Win32Exception();
    }
}
