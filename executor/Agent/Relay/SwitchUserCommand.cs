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
        var groups = GroupsOf(gid, Libc.GetGid(), CurrentGroups());
        fixed (uint* list = groups)
        {
            if (Libc.SetGroups((nuint)groups.Length, list) != 0 || Libc.SetGids(gid, gid, gid) != 0 || Libc.SetUids(uid, uid, uid) != 0)
            {
                throw new Win32Exception();
            }
        }

        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(e => $"{e.Key}={e.Value}").ToList();
        using var argv = new CStrings(command);
        using var envp = new CStrings(environment);
        _ = Libc.Execve(command[0], argv.Pointer, envp.Pointer);
        throw new Win32Exception();
    }

    /// <summary>
    /// The groups of a script: its user's own, and the pod's (supplementalGroups, fsGroup), which are among the agent's: volumes may be
    /// readable by them alone. Not the agent's primary group: that one is root's.
    /// </summary>
    public static uint[] GroupsOf(uint gid, uint agentGid, IEnumerable<uint> agentGroups) =>
        [.. agentGroups.Where(g => g != agentGid).Prepend(gid).Distinct()];

    private static unsafe uint[] CurrentGroups()
    {
        var count = Libc.GetGroups(0, null);
        var groups = new uint[Math.Max(count, 0)];
        fixed (uint* list = groups)
        {
            return count >= 0 && Libc.GetGroups(count, list) == count ? groups : throw new Win32Exception();
        }
    }
}
