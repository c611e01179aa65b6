using System.Globalization;

namespace PodExecutor.Driver.Failures;

/// <summary>
/// The exit codes of the custom executor's contract, and the only place that writes them.
/// Source: gitlab-runner executors/custom/command/command.go; the numbers come from the environment.
/// </summary>
/// <param name="BuildFailure">The job's fault: final.</param>
/// <param name="SystemFailure">Ours: the runner tries again where it can.</param>
/// <param name="BuildExitCodeFile">Where a script's own code goes; null for runners before 17.9.</param>
internal sealed record ExitCodes(int BuildFailure, int SystemFailure, string? BuildExitCodeFile)
{
    /// <summary>What a shell reports for a script that SIGTERM ended.</summary>
    private const int Terminated = 143;

    /// <summary>The runner never clears the file: a code of an earlier stage would be taken for this one's.</summary>
    public void Forget()
    {
        if (BuildExitCodeFile is not null)
        {
            File.Delete(BuildExitCodeFile);
        }
    }

    /// <summary>The exit code for a failed call; leaves the script's own code for the runner.</summary>
    public int Report(IReadOnlyList<Failure> failures, bool stageRuns)
    {
        // A system failure wins: the runner must not blame the job if any part of it was ours.
        if (failures.Any(f => f.Kind == FailureKind.System))
        {
            return SystemFailure;
        }

        if (failures.FirstOrDefault(f => f.Kind == FailureKind.Stopped) is not null && !stageRuns)
        {
            // A prepare that was stopped has prepared nothing. 0 would be taken for success, 1 for the job's fault.
            return SystemFailure;
        }

        var code = failures.Select(f => f.ScriptExitCode).FirstOrDefault(c => c is not null)
            ?? (failures.Any(f => f.Kind == FailureKind.Stopped) ? Terminated : null);
        if (stageRuns && code is { } number && BuildExitCodeFile is not null)
        {
            File.WriteAllText(BuildExitCodeFile, number.ToString(CultureInfo.InvariantCulture) + "\n");
        }

        return BuildFailure;
    }
}
