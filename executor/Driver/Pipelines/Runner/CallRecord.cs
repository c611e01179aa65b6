namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>How far the runner had to go to end a call.</summary>
internal enum CallStop
{
    /// <summary>It ended by itself.</summary>
    None,

    /// <summary>SIGTERM to its group was enough.</summary>
    Terminated,

    /// <summary>It outlived graceful_kill_timeout: SIGKILL.</summary>
    Killed,

    /// <summary>It, or whoever holds its pipes, outlived force_kill_timeout, too: the runner went on without it.</summary>
    Abandoned,
}

/// <summary>One call of the executor, as it happened.</summary>
/// <param name="Call">config, prepare, run or cleanup.</param>
/// <param name="Stage">The stage given to run; otherwise the same as <paramref name="Call"/>.</param>
/// <param name="ExitCode">The process's own; -1 if a signal ended it or it was abandoned.</param>
/// <param name="Signal">The signal that ended it.</param>
/// <param name="ExitCodeFile">What BUILD_EXIT_CODE_FILE held afterwards; null if there was no such file.</param>
/// <param name="Duration">From the start until exit and the end of both pipes.</param>
internal sealed record CallRecord(
    string Call,
    string Stage,
    int ExitCode,
    int? Signal,
    string? ExitCodeFile,
    TimeSpan Duration,
    CallOutput Stdout,
    CallOutput Stderr,
    CallStop Stop)
{
    /// <summary>Why it could not even be started, for example "Argument list too long".</summary>
    public string? StartError { get; init; }

    /// <summary>User and system time of the process and of the descendants that it waited for; zero if it is not known.</summary>
    public TimeSpan Cpu { get; init; }
}

/// <summary>What came through one pipe.</summary>
/// <param name="Head">Its first 256 KiB.</param>
internal sealed record CallOutput(long Bytes, string Sha256, ReadOnlyMemory<byte> Head)
{
    public string Text => System.Text.Encoding.UTF8.GetString(Head.Span);
}
