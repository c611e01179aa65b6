using System.Diagnostics;

namespace PodExecutor.Tests.Contract.Fakes;

/// <summary>The published binary as a person or a CronJob starts it.</summary>
internal static class Operator
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public static async Task<(int Code, string Stdout, string Stderr)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Published.Driver, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(Patience);
        var stdout = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var stderr = process.StandardError.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        return (process.ExitCode, await stdout, await stderr);
    }
}
