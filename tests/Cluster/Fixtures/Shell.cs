using System.Diagnostics;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>Programs of this machine, for what a test does beside the product.</summary>
internal static class Shell
{
    /// <summary>Far beyond what anything takes here, a whole pipeline on a busy machine included.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    /// <returns>Its stdout. Fails the test if the program fails.</returns>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (code, stdout, stderr) = await TryAsync(program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}: exit {code}\n{stdout}{stderr}");
        return stdout;
    }

    public static async Task<(int Code, string Stdout, string Stderr)> TryAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(Patience);
        var stdout = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var stderr = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await stdout, await stderr);
    }
}
