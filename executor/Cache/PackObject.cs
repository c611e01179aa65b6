namespace PodExecutor.Cache;

/// <summary>How packs are called in the store: by their content, so that equal packs are one object and no pack ever changes.</summary>
public static class PackObject
{
    /// <summary>Bytes of a SHA-256.</summary>
    public const int DigestLength = 32;

    /// <summary><c>packs/ab/abcdef…</c>, below the project's part of the store.</summary>
    /// <exception cref="ArgumentException">Not a SHA-256.</exception>
    public static string Name(ReadOnlySpan<byte> sha256)
    {
        if (sha256.Length != DigestLength)
        {
            throw new ArgumentException($"{sha256.Length} bytes are no SHA-256.", nameof(sha256));
        }

        var hex = Convert.ToHexStringLower(sha256);
        return $"packs/{hex[..2]}/{hex}";
    }
}
