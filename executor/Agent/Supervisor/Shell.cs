using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Supervisor;

/// <summary>
/// Chooses what runs a stage's script. gitlab-runner's scripts are written for bash and for busybox's ash;
/// the order of the paths is the one of its docker executor (shells/bash.go, BashDetectShellScript).
/// </summary>
internal static class Shell
{
    private static readonly string[] Bash = ["/usr/local/bin/bash", "/usr/bin/bash", "/bin/bash"];

    private static readonly string[] Sh = ["/usr/local/bin/sh", "/usr/bin/sh", "/bin/sh", "/busybox/sh"];

    /// <summary>The command line before the script's path, or null if there is no shell at all.</summary>
    /// <param name="toolsDirectory">Where the shell lies that pod-executor brings along.</param>
    public static IReadOnlyList<string>? Choose(string toolsDirectory)
    {
        if (Bash.FirstOrDefault(IsExecutable) is { } bash)
        {
            return [bash];
        }

        if (Sh.FirstOrDefault(path => IsExecutable(path) && !IsDash(path)) is { } sh)
        {
            return [sh];
        }

        var brought = Path.Combine(toolsDirectory, "busybox");
        return IsExecutable(brought) ? [brought, "sh"] : Sh.FirstOrDefault(IsExecutable) is { } dash ? [dash] : null;
    }

    private static bool IsExecutable(string path) => File.Exists(path) && Libc.Access(path, Libc.ExecutePermission) == 0;

    /// <summary>dash knows no <c>$'…'</c>: the very first line of every script would fail with exit code 127.</summary>
    private static bool IsDash(string path) =>
        Path.GetFileName(File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path) == "dash";
}
