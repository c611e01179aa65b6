namespace PodExecutor.Agent.Transfers;

/// <summary>One try of a transfer has failed.</summary>
internal sealed class TransferException(string message, bool isTransient, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>True if another try may succeed: network failures, 408, 429, 5xx.</summary>
    public bool IsTransient { get; } = isTransient;

    /// <summary>How long the server asked to be left alone, or null.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The server, or a proxy before it, does not know <c>Expect: 100-continue</c> (417).</summary>
    public bool RefusedExpectation { get; init; }

    /// <summary>The store no longer accepts the presigned request: it has run out, or one of two clocks is wrong.</summary>
    public bool IsGrantRefused { get; init; }

    /// <summary>The server is there, and the login does not get in.</summary>
    public bool IsRefused { get; init; }

    /// <summary>There is no such object.</summary>
    public bool IsMissing { get; init; }

    /// <summary>Bytes that went through before it failed.</summary>
    public long Moved { get; init; }
}
