using System.Security.Cryptography;
using PodExecutor.Link;

namespace PodExecutor.Agent.Supervisor;

/// <summary>The key that the driver and this container's agent agree on at their first contact. The first one is final.</summary>
internal sealed class LinkKey
{
    private byte[]? _key;

    /// <summary>Null before the first contact.</summary>
    public byte[]? Value => Volatile.Read(ref _key);

    /// <summary>Takes the key, or compares it: a driver repeats its first contact if the answer to it was lost.</summary>
    /// <returns>False if another key was agreed on before, or the length is wrong.</returns>
    public bool Agree(ReadOnlySpan<byte> key)
    {
        if (key.Length != LinkHandshake.KeySize)
        {
            return false;
        }

        var agreed = Interlocked.CompareExchange(ref _key, key.ToArray(), null);
        return agreed is null || CryptographicOperations.FixedTimeEquals(agreed, key);
    }
}
