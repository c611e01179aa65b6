using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using PodExecutor.Agent.Native;

namespace PodExecutor.Agent.Artifacts;

/// <summary>What git does not track in a work tree, ignored files too, as GitLab's <c>artifacts:untracked</c> means it.</summary>
internal static class UntrackedFiles
{
    /// <exception cref="ArtifactException">git is missing or fails.</exception>
    public static Task<IReadOnlyList<string>> ListAsync(string directory, CancellationToken cancel) => ListAsync(directory, ["-o", "-z"], cancel);

    /// <summary>The others: sources.</summary>
    /// <exception cref="ArtifactException">git is missing or fails.</exception>
    public static Task<IReadOnlyList<string>> ListTrackedAsync(string directory, CancellationToken cancel) => ListAsync(directory, ["-z"], cancel);

    private static async Task<IReadOnlyList<string>> ListAsync(string directory, IEnumerable<string> options, CancellationToken cancel)
    {
        using var git = new Process();
        git.StartInfo = new ProcessStartInfo("git", ["ls-files", .. options])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,

            // Byte for character: names need not be UTF-8.
            StandardOutputEncoding = Encoding.Latin1,
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
                ? [.. names.Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(n => PathText.Decode(Encoding.Latin1.GetBytes(n)))]
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
