using System.Runtime.InteropServices;

namespace PodExecutor.Agent.Native;

/// <summary>A system call on a file failed.</summary>
/// <param name="what">What was being done, and to which name.</param>
internal sealed class FileCallException(string what, int errno) : IOException($"{what}: {Marshal.GetPInvokeErrorMessage(errno)}")
{
    public int Errno { get; } = errno;

    /// <summary>The disk, or the user's share of it, is full.</summary>
    public bool IsFull => Errno is FileCalls.NoSpace or FileCalls.QuotaExceeded;

    public bool IsGone => Errno is FileCalls.NoSuchFile or FileCalls.NotADirectory;

    public static FileCallException Last(string what) => new(what, Marshal.GetLastPInvokeError());
}
