using PodExecutor.Cache;
using ZstdSharp;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>What the libraries that read archives throw when an archive is damaged.</summary>
internal static class ArchiveDamage
{
    public static bool Is(Exception e) => e is not Native.FileCallException
        and (InvalidDataException or EndOfStreamException or ZstdException or FormatException or ArgumentException or OverflowException
            or NotSupportedException or IOException { InnerException: ZstdException } or InvalidOperationException { InnerException: null }
            or IndexOutOfRangeException or NullReferenceException);

    public static CacheDamagedException Of(Exception e) => new($"the archive is damaged ({e.Message.TrimEnd('.')}).", e);
}
