using System.ComponentModel;
using System.Diagnostics;

namespace PodExecutor.Driver.Pipelines.GitLab;

/// <summary>git as a child process. Any user's repository may be read: the caller named it.</summary>
internal static class GitCommand
{
    public static ProcessStartInfo Describe(string directory, IReadOnlyDictionary<string, string> environment, params IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo("git", ["-c", "safe.directory=*", "-c", "core.hooksPath=/dev/null", .. arguments])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // A GIT_DIR of a hook that we were started from must not decide which repository this is.
        foreach (var name in info.Environment.Keys.Where(k => k.StartsWith("GIT_", StringComparison.Ordinal) && !k.StartsWith("GIT_CONFIG", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        return info;
    }

    /// <exception cref="GitException">git failed; its own words are in the message.</exception>
    public static async Task<string> RunAsync(
        string directory, IReadOnlyDictionary<string, string> environment, string? input, CancellationToken cancel, params IEnumerable<string> arguments)
    {
        var list = arguments.ToList();
        using var process = Start(Describe(directory, environment, list));
        using var onCancel = cancel.Register(() => process.Kill());
        var stdout = process.StandardOutput.ReadToEndAsync(cancel);
        var stderr = process.StandardError.ReadToEndAsync(cancel);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var text = await stdout;
        var errors = await stderr;
        await process.WaitForExitAsync(cancel);
        return process.ExitCode == 0
            ? text.TrimEnd('\n')
            : throw new GitException($"git {list[0]} failed in {directory}: {errors.Trim()}");
    }

    public static Process Start(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info) ?? throw new GitException("git did not start");
        }
        catch (Win32Exception e)
        {
            throw new GitException($"git cannot be started: {e.Message}. Install git: the jobs get the working copy from it", e);
        }
    }
}

/// <summary>The working copy cannot be served. Its text is for the user.</summary>
internal sealed class GitException(string message, Exception? inner = null) : Exception(message, inner);
