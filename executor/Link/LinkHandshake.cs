using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PodExecutor.Link;

/// <summary>
/// Proves to each end of a stream that the other one has the key of the first contact, before anything else is said:
/// <code>
///   driver                                     agent
///     | Magic, driverNonce                       |
///     |-----------------------------------------&gt;|
///     |   agentNonce, HMAC(key, "agent", nonces) |
///     |&lt;-----------------------------------------|
///     | HMAC(key, "driver", nonces)              |
///     |-----------------------------------------&gt;|
///     |&lt;=============== sealed records =========&gt;|
/// </code>
/// Containers of a pod share one network: a service can connect to the agent's port, listen in its place, or read the loopback
/// interface as root. Without the key it sees random bytes only. Fresh nonces on both sides make a recorded stream worthless.
/// </summary>
public static class LinkHandshake
{
    /// <summary>Bytes of the key.</summary>
    public const int KeySize = 32;

    /// <summary>The first bytes of a handshake. As the length of a frame it exceeds <see cref="LinkProtocol.MaxFrame"/>, so both can arrive at one socket.</summary>
    public const int Magic = 0x50584C33;

    private const int NonceSize = 32;
    private const int ProofSize = 32;

    /// <summary>The driver's side.</summary>
    /// <exception cref="LinkRefusedException">The peer does not have the key, or closes the stream.</exception>
    /// <exception cref="IOException">The stream is cut.</exception>
    public static async Task<SealedStream> ConnectAsync(Stream stream, ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var hello = new byte[sizeof(int) + NonceSize];
        BinaryPrimitives.WriteInt32BigEndian(hello, Magic);
        RandomNumberGenerator.Fill(hello.AsSpan(sizeof(int)));
        await stream.WriteAsync(hello, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);

        var answer = new byte[NonceSize + ProofSize];
        await ReadExactlyAsync(stream, answer, cancellationToken).ConfigureAwait(false);
        byte[] nonces = [.. hello.AsSpan(sizeof(int)), .. answer.AsSpan(0, NonceSize)];
        if (!CryptographicOperations.FixedTimeEquals(Derive(key.Span, "agent", nonces), answer.AsSpan(NonceSize)))
        {
            throw new LinkRefusedException("the peer does not have the key of this job");
        }

        await stream.WriteAsync(Derive(key.Span, "driver", nonces), cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        return new SealedStream(stream, Derive(key.Span, "from driver", nonces), Derive(key.Span, "from agent", nonces));
    }

    /// <summary>The agent's side, once <see cref="Magic"/> has been read. Says nothing before the driver's whole greeting has arrived.</summary>
    /// <exception cref="LinkRefusedException">The peer does not have the key, or closes the stream.</exception>
    /// <exception cref="IOException">The stream is cut.</exception>
    public static async Task<SealedStream> AcceptAsync(Stream stream, ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var nonces = new byte[2 * NonceSize];
        await ReadExactlyAsync(stream, nonces.AsMemory(0, NonceSize), cancellationToken).ConfigureAwait(false);
        RandomNumberGenerator.Fill(nonces.AsSpan(NonceSize));
        byte[] answer = [.. nonces.AsSpan(NonceSize), .. Derive(key.Span, "agent", nonces)];
        await stream.WriteAsync(answer, cancellationToken).ConfigureAwait(false);
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);

        var proof = new byte[ProofSize];
        await ReadExactlyAsync(stream, proof, cancellationToken).ConfigureAwait(false);
        return CryptographicOperations.FixedTimeEquals(Derive(key.Span, "driver", nonces), proof)
            ? new SealedStream(stream, Derive(key.Span, "from agent", nonces), Derive(key.Span, "from driver", nonces))
            : throw new LinkRefusedException("the peer does not have the key of this job");
    }

    /// <summary>The key of one container, derived from the job's: the build container's agent shares its user with the script and must not know the helper's.</summary>
    public static byte[] KeyOf(string container, ReadOnlySpan<byte> jobKey) => Derive(jobKey, "container", System.Text.Encoding.UTF8.GetBytes(container));

    private static byte[] Derive(ReadOnlySpan<byte> key, string label, ReadOnlySpan<byte> data)
    {
        byte[] message = [.. System.Text.Encoding.ASCII.GetBytes(label), 0, .. data];
        return HMACSHA256.HashData(key, message);
    }

    private static async Task ReadExactlyAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            await stream.ReadExactlyAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (EndOfStreamException e)
        {
            throw new LinkRefusedException("the peer closed the connection during the handshake", e);
        }
    }
}
