namespace PodExecutor.Driver.Runs;

/// <summary>
/// How far a log has been shown. Many lines may have the same time, so they are counted: the log is asked for from a whole second on
/// and comes again from there in the same order.
/// </summary>
/// <param name="Time">As the kubelet writes it, with a fixed width: times are ordered as texts.</param>
/// <param name="Lines">Lines shown at this time.</param>
internal sealed record LogPosition(string Time, int Lines)
{
    public static LogPosition Start { get; } = new("", 0);

    /// <summary>The position behind one more line. A line that is older than the one before it moves nothing.</summary>
    public LogPosition After(string time) => string.CompareOrdinal(time, Time) switch
    {
        > 0 => new LogPosition(time, 1),
        0 => this with { Lines = Lines + 1 },
        < 0 => this,
    };

    /// <summary>Whether a line was shown before this position was reached.</summary>
    /// <param name="reached">The position behind the line, counted since the log was opened.</param>
    public bool Includes(string time, LogPosition reached) => string.CompareOrdinal(time, Time) switch
    {
        > 0 => false,
        0 => reached.Time == Time && reached.Lines <= Lines,
        < 0 => reached.Time.Length > 0 && string.CompareOrdinal(reached.Time, Time) <= 0,
    };

    public bool IsBeyond(LogPosition other) =>
        string.CompareOrdinal(Time, other.Time) is var order && (order > 0 || (order == 0 && Lines > other.Lines));
}
