using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace PodExecutor.Agent.Artifacts;

/// <summary>What git does not track in a work tree, ignored files too, as GitLab's <c>artifacts:untracked</c> means it.</summary>
internal static class UntrackedFiles
{
    /// <exception cref="ArtifactException">git is missing or fails.</exception>
    public static async Task<IReadOnlyList<string>> ListAsync(string directory, CancellationToken cancel)
    {
        using var git = new Process();
        git.StartInfo = new ProcessStartInfo("git", ["ls-files", "-o", "-z"])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        try
        {
            git.Start();
        }
        catch (Win32Exception e)
        {
            throw new ArtifactException($"git cannot be started: {e.Message}. Untracked files need git in the helper image.", e);
        }

        try
        {
            var errors = git.StandardError.ReadToEndAsync(cancel);
            var names = await git.StandardOutput.ReadToEndAsync(cancel);
            await git.WaitForExitAsync(cancel);
            return git.ExitCode == 0
                ? names.Split('\0', StringSplitOptions.RemoveEmptyEntries)
                : throw new ArtifactException($"git ls-files failed with exit code {git.ExitCode}: {FirstLine(await errors)}");
        }
        finally
        {
            if (!git.HasExited)
            {
                git.Kill();
            }
        }
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}
