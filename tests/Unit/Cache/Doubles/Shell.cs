using System.Diagnostics;

namespace PodExecutor.Tests.Unit.Cache.Doubles;

/// <summary>Programs of the machine, for what .NET cannot make or show.</summary>
internal static class Shell
{
    /// <summary>stdout, byte for character.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, StandardOutputEncoding = System.Text.Encoding.Latin1 };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    public static string Bash(string script, string directory) => Run("bash", "-euo", "pipefail", "-c", $"cd \"$1\"; {script}", "bash", directory);

    /// <summary>Every name below with type, mode, owner, nanoseconds, size, links, target, and the checksum of every file.</summary>
    public static string Describe(string directory) => Bash(
        """
        find . -mindepth 1 \( -type d -printf '%p %y %m %U %G %T@\n' \) -o -printf '%p %y %m %U %G %T@ %s %n %l\n' | LC_ALL=C sort
        find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
        """, directory);
}
