using Microsoft.Win32.SafeHandles;
using PodExecutor.Driver.Output;
using PodExecutor.Driver.Runs;

namespace PodExecutor.Driver.Commands;

/// <summary>gitlab-runner's calls: verb → command. Nothing else is started for them: no command-line parser, no console.</summary>
internal static class RunnerCall
{
    public static Task<int> RunAsync(CallLine line) => line.Verb switch
    {
        // stdout of prepare and run is the job log; config's stdout is JSON, and nobody reads cleanup's: these two write to stderr.
        CallLine.Config => Call.RunAsync(line.OptionsPath, line.Verb, stageRuns: false, JobLog.OnStderr(), ConfigCommand.RunAsync),
        CallLine.Prepare => Call.RunAsync(line.OptionsPath, line.Verb, stageRuns: false, JobLog.OnStdout(), PrepareCommand.RunAsync),
        CallLine.Run => RunStageAsync(line),
        CallLine.Cleanup => Call.RunAsync(line.OptionsPath, line.Verb, stageRuns: false, JobLog.OnStderr(), CleanupCommand.RunAsync),
        _ => throw new ArgumentException($"\"{line.Verb}\" is not a call of gitlab-runner.", nameof(line)),
    };

    /// <summary>The script's output and our own lines go through one pipe: that is what keeps their order.</summary>
    private static async Task<int> RunStageAsync(CallLine line)
    {
        // Not Console.OpenStandardOutput(): it takes a closed pipe for success, and a runner that has gone would never be noticed.
        using var stdout = new SafeFileHandle(1, ownsHandle: false);
        using var output = new StageOutput(new FileStream(stdout, FileAccess.Write, bufferSize: 0));
        return await Call.RunAsync(line.OptionsPath, line.Verb, stageRuns: true, new JobLog(output.Lines), (call, cancel) =>
            RunCommand.RunAsync(call, output, line.Arguments[0], line.Arguments[1], cancel));
    }
}
