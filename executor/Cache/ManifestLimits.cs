namespace PodExecutor.Cache;

/// <summary>What a manifest may ask for. Everything that the agent writes is far below; what is above is damaged or means harm.</summary>
public static class ManifestLimits
{
    /// <summary>The only one there is.</summary>
    public const uint Format = 1;

    /// <summary>Bytes as stored. The manifest of 20,000 files has 1 MB.</summary>
    public const int MaxStored = 64 << 20;

    /// <summary>Bytes when decompressed.</summary>
    public const int MaxContent = 256 << 20;

    public const int MaxEntries = 1_000_000;

    /// <summary>Bytes of one pack; also the most that one PUT sends.</summary>
    public const ulong MaxPack = 256UL << 20;

    /// <summary>Bytes of one frame when decompressed: a reader holds some of them in memory.</summary>
    public const uint MaxFrameContent = 8 << 20;

    /// <summary>Linux's PATH_MAX without the closing NUL.</summary>
    public const int MaxPath = 4095;

    /// <summary>Linux's NAME_MAX.</summary>
    public const int MaxName = 255;

    /// <summary>Bytes of a chunk's digest, a shortened SHA-256.</summary>
    public const int ChunkDigestLength = 20;
}
