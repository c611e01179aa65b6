using System.Globalization;

namespace PodExecutor.Driver.Pipelines.Runner;

internal enum CallFault
{
    None,

    /// <summary>script_failure: the job's.</summary>
    Build,

    /// <summary>runner_system_failure: the infrastructure's.</summary>
    System,
}

/// <summary>What the runner makes of a call's exit code (executors/custom/command/command.go; contract §6).</summary>
/// <param name="ExitCode">For GitLab; 0 unless the script failed.</param>
/// <param name="Message">As it stands after "ERROR: Job failed: ".</param>
internal sealed record CallVerdict(CallFault Fault, int ExitCode, string Message)
{
    public static CallVerdict Ok { get; } = new(CallFault.None, 0, "");

    public bool Passed => Fault == CallFault.None;

    public static CallVerdict Of(CallRecord call, RunnerOptions options)
    {
        if (call.StartError is { } error)
        {
            return new CallVerdict(CallFault.System, 0, error);
        }

        if (call.Stop == CallStop.Abandoned)
        {
            return new CallVerdict(CallFault.System, 0, "failed to kill process, likely process is dormant");
        }

        if (call.Signal is { } signal)
        {
            return new CallVerdict(CallFault.System, 0, $"unknown Custom executor executable exit code -1; executable execution terminated with: signal: {signal}");
        }

        if (call.ExitCode == 0)
        {
            return Ok;
        }

        if (call.ExitCode == options.BuildFailureExitCode)
        {
            return Build(call, options);
        }

        return call.ExitCode == options.SystemFailureExitCode
            ? new CallVerdict(CallFault.System, 0, $"exit status {call.ExitCode}")
            : new CallVerdict(
                CallFault.System,
                0,
                $"unknown Custom executor executable exit code {call.ExitCode}; executable execution terminated with: exit status {call.ExitCode}");
    }

    /// <summary>Only here is BUILD_EXIT_CODE_FILE read, and its first line must be a bare integer.</summary>
    private static CallVerdict Build(CallRecord call, RunnerOptions options)
    {
        if (call.ExitCodeFile is not { } text || !options.HasExitCodeFile)
        {
            return new CallVerdict(CallFault.Build, call.ExitCode, $"exit status {call.ExitCode}");
        }

        var line = text.Split('\n')[0];
        return int.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var code)
            ? new CallVerdict(CallFault.Build, code, $"exit status {code}")
            : new CallVerdict(CallFault.System, 0, $"unknown failure: BUILD_EXIT_CODE_FILE holds \"{line}\" where a number must be");
    }
}
