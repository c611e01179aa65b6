namespace PodExecutor.Agent.Install;

/// <summary>
/// <c>pod-agent install</c>: puts the agent and the shell it brings onto the volume that the pod's containers share. Runs as
/// the helper container's postStart hook: the kubelet starts the build container only after it.
/// </summary>
internal static class InstallCommand
{
    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <param name="toolsDirectory">Where to, writable.</param>
    /// <param name="busybox">The static shell of the helper image; not there is fine.</param>
    public static int Run(string toolsDirectory, string busybox)
    {
        var programs = Directory.CreateDirectory(Path.Combine(toolsDirectory, "bin")).FullName;
        Copy("/proc/self/exe", Path.Combine(toolsDirectory, "pod-agent"));

        // Behind everything else in a script's PATH: an image's own docker or nerdctl is found first.
        foreach (var name in Images.ImageCommand.Names)
        {
            var link = Path.Combine(programs, name);
            File.Delete(link);
            File.CreateSymbolicLink(link, "../pod-agent");
        }

        if (File.Exists(busybox))
        {
            Copy(busybox, Path.Combine(toolsDirectory, "busybox"));
        }

        return 0;
    }

    /// <summary>Moved into place when it is whole: a half-written program is never seen.</summary>
    private static void Copy(string from, string to)
    {
        var fresh = to + ".new";
        using (var source = File.OpenRead(from))
        using (var target = new FileStream(fresh, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            source.CopyTo(target, 1024 * 1024);
        }

        File.SetUnixFileMode(fresh, Executable);
        File.Move(fresh, to, overwrite: true);
    }
}
