using System.Collections;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Measuring;

/// <summary>Starts programs as the runner double starts the driver, so that both sides pay the same for it.</summary>
internal static class Child
{
    /// <summary>Runs it to its end; stdout and stderr are drained.</summary>
    /// <param name="directory">Where it runs; an absolute path.</param>
    /// <param name="extra">NAME=VALUE, added to our own environment.</param>
    /// <exception cref="BenchException">It fails.</exception>
    public static async Task<CallRecord> RunAsync(
        IReadOnlyList<string> command, string directory, IEnumerable<string> extra, Func<ReadOnlyMemory<byte>, ValueTask> onOutput, CancellationToken stop)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(e => $"{e.Key}={e.Value}").Concat(extra);
        var call = new ExecutorCall(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeProvider.System);
        var request = new CallRequest(command[0], command[0], command, [.. environment], directory, (chunk, _) => onOutput(chunk));
        var record = await call.RunAsync(request, null, stop);
        stop.ThrowIfCancellationRequested();
        return Passed(record);
    }

    public static Task<CallRecord> RunAsync(IReadOnlyList<string> command, CancellationToken stop) =>
        RunAsync(command, Path.GetTempPath(), [], _ => ValueTask.CompletedTask, stop);

    /// <returns>User and system seconds of this number of processes of `/bin/true`, one after the other.</returns>
    public static async Task<double> CpuOfTrueAsync(int processes, CancellationToken stop)
    {
        var cpu = TimeSpan.Zero;
        for (var i = 0; i < processes; i++)
        {
            cpu += (await RunAsync(["/bin/true"], stop)).Cpu;
        }

        return cpu.TotalSeconds;
    }

    /// <exception cref="BenchException">The call did not exit with 0.</exception>
    public static CallRecord Passed(CallRecord record) => record.ExitCode == 0
        ? record
        : throw new BenchException(
            $"{record.Stage} failed with exit code {record.ExitCode} {record.StartError}\n{record.Stdout.Text}{record.Stderr.Text}");

    /// <summary>The first of this name in PATH.</summary>
    public static string Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
        ?? throw new BenchException($"{program} is not in PATH.");
}
