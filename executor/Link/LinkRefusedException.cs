namespace PodExecutor.Link;

/// <summary>The handshake failed: the peer is not the one that took part in the first contact, or it hung up.</summary>
public sealed class LinkRefusedException : IOException
{
    public LinkRefusedException()
        : this("the handshake of the link failed")
    {
    }

    public LinkRefusedException(string message)
        : base(message)
    {
    }

    public LinkRefusedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
