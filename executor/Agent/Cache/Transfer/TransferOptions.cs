namespace PodExecutor.Agent.Cache.Transfer;

/// <summary>How long a store is waited for.</summary>
internal sealed record TransferOptions
{
    /// <summary>A connection that moves less than <see cref="LeastBytes"/> in so long is given up.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(20);

    public long LeastBytes { get; init; } = 16 * 1024;

    /// <summary>Tries in a row that got nowhere.</summary>
    public int Tries { get; init; } = 5;

    /// <summary>A try that moved so much got somewhere.</summary>
    public long ProgressBytes { get; init; } = 256 * 1024;

    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Also of what the server may ask for.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Transfers at once: more than cores, for they mostly wait.</summary>
    public int Parallel { get; init; } = 4;
}
