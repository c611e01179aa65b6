namespace PodExecutor.Link;

/// <summary>The numbers that both ends of the link agree on.</summary>
public static class LinkProtocol
{
    /// <summary>The last word of <c>await-ports</c>: without it the answer was cut.</summary>
    public const string Done = "done";

    /// <summary>Raised when a frame's meaning changes. Both ends refuse another version: they are shipped together.</summary>
    public const uint Version = 2;

    /// <summary>Bytes of one frame at most. A longer length prefix means that the stream does not carry frames.</summary>
    public const int MaxFrame = 1024 * 1024;

    /// <summary>Bytes of script or output put into one frame.</summary>
    public const int ChunkSize = 64 * 1024;

    /// <summary>Output passed on by the driver but not yet acknowledged, in bytes, at most.</summary>
    public const int AckEvery = 512 * 1024;

    /// <summary>Silence after which an end says <see cref="Heartbeat"/>: below the idle timeout of any common load balancer.</summary>
    public static readonly TimeSpan HeartbeatAfter = TimeSpan.FromSeconds(10);

    /// <summary>Silence after which an end takes the stream for dead.</summary>
    public static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(35);
}
