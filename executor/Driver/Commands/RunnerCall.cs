using PodExecutor.Driver.Output;

namespace PodExecutor.Driver.Commands;

/// <summary>gitlab-runner's calls: verb → command. Nothing else is started for them: no command-line parser, no console.</summary>
internal static class RunnerCall
{
    public static Task<int> RunAsync(CallLine line) => line.Verb switch
    {
        // stdout of prepare and run is the job log; config's stdout is JSON, cleanup's is nobody's: these two speak on stderr.
        CallLine.Config => Call.RunAsync(line.OptionsPath, line.Verb, stageRuns: false, JobLog.OnStderr(), ConfigCommand.RunAsync),
        CallLine.Prepare => Call.RunAsync(line.OptionsPath, line.Verb, stageRuns: false, JobLog.OnStdout(), PrepareCommand.RunAsync),
        CallLine.Run => Call.RunAsync(line.OptionsPath, line.Verb, stageRuns: true, JobLog.OnStderr(), (call, cancel) =>
            RunCommand.RunAsync(call, line.Arguments[0], line.Arguments[1], cancel)),
        CallLine.Cleanup => Call.RunAsync(line.OptionsPath, line.Verb, stageRuns: false, JobLog.OnStderr(), CleanupCommand.RunAsync),
        _ => throw new ArgumentException($"\"{line.Verb}\" is not a call of gitlab-runner.", nameof(line)),
    };
}
