namespace PodExecutor.Link;

/// <summary>The bytes on the link are no frames: the peer is something else, or the stream lost bytes. Reconnecting is the remedy.</summary>
public sealed class LinkDamagedException : IOException
{
    public LinkDamagedException()
        : this("The link carries no frames.")
    {
    }

    public LinkDamagedException(string message)
        : base(message)
    {
    }

    public LinkDamagedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
