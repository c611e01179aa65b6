namespace PodExecutor.Link;

/// <summary>The numbers that both ends of the link agree on.</summary>
public static class LinkProtocol
{
    /// <summary>Raised when a frame's meaning changes. Both ends refuse another version: they are shipped together.</summary>
    public const uint Version = 3;

    /// <summary>Bytes of one frame at most. A longer length prefix means that the stream does not carry frames.</summary>
    public const int MaxFrame = 1024 * 1024;

    /// <summary>Bytes of script or output put into one frame.</summary>
    public const int ChunkSize = 64 * 1024;

    /// <summary>Largest acknowledgement window, in positions. The agent announces a smaller one when its buffer is small.</summary>
    public const int AckEvery = 512 * 1024;

    /// <summary>Silence after which an end says <see cref="Heartbeat"/>: below the idle timeout of any common load balancer.</summary>
    public static readonly TimeSpan HeartbeatAfter = TimeSpan.FromSeconds(10);

    /// <summary>Silence after which an end takes the stream for dead.</summary>
    public static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(35);
}
