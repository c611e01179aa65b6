using System.ComponentModel;
using System.Text;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// The user that a stage's script runs as. All stages of a job must have one uid, or git refuses the work tree and scripts
/// cannot write what an earlier stage made. Only the build container knows it: it comes from the job's image. So the build
/// container's agent leaves a file, and the helper's agent runs its scripts as that file's owner.
/// </summary>
internal readonly record struct Identity(uint Uid, uint Gid)
{
    private const int CurrentDirectory = -100;

    public static Identity OfThisProcess => new(Libc.GetUid(), Libc.GetGid());

    /// <summary>Shows this process's user to the pod's other containers.</summary>
    public static void Publish(string path) =>
        File.WriteAllText(path, "The owner of this file is the user of the build container.\n");

    /// <summary>Gives the file or directory to this user, never what a link in its place leads to.</summary>
    /// <exception cref="IOException">The kernel refuses.</exception>
    public unsafe void Own(string path)
    {
        if (this == OfThisProcess)
        {
            return;
        }

        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            if (FileCalls.ChangeOwnerAt(CurrentDirectory, name, Uid, Gid, FileCalls.SymlinkNoFollow) != 0)
            {
                throw new IOException($"{path} cannot be given to user {Uid}: {new Win32Exception().Message}");
            }
        }
    }

    /// <summary>Waits for the other container's file; after <paramref name="patience"/> this process's own user must do.</summary>
    public static async Task<Identity> ResolveAsync(string? path, TimeProvider time, TimeSpan patience, CancellationToken cancel)
    {
        if (path is null || Libc.GetUid() != 0)
        {
            return OfThisProcess;
        }

        var deadline = time.GetTimestamp() + (long)(patience.TotalSeconds * time.TimestampFrequency);
        while (true)
        {
            if (Owner(path) is { } owner)
            {
                return owner;
            }

            if (time.GetTimestamp() > deadline)
            {
                return OfThisProcess;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancel);
        }
    }

    private static unsafe Identity? Owner(string path)
    {
        // struct statx, linux/stat.h: stx_uid at 20, stx_gid at 24; the same on every architecture.
        const int basicStats = 0x7ff;
        var buffer = stackalloc byte[256];
        return Libc.Statx(CurrentDirectory, path, 0, basicStats, buffer) == 0
            ? new Identity(*(uint*)(buffer + 20), *(uint*)(buffer + 24))
            : null;
    }
}
