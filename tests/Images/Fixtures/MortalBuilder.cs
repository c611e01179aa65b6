using System.Text;

namespace PodExecutor.Tests.Images.Fixtures;

internal static class MortalBuilder
{
    /// <summary>Lets the builder die when the build's step has begun.</summary>
    public static async Task<CliResult> DieDuringAsync(this MortalProxy mortal, Project project, params string[] flags)
    {
        using var process = project.Start("docker", ["build", .. flags, "-t", project.Image(), "--push", "--progress", "plain", "."]);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var log = new StringBuilder();
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            log.AppendLine(line);
            if (line.EndsWith(" begin", StringComparison.Ordinal))
            {
                mortal.Die();
            }
        }

        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliResult(process.ExitCode, await output, log.ToString());
    }
}
