using PodExecutor.Agent.Cache.Restore;

namespace PodExecutor.Agent.Cache.Archives;

/// <summary>A line of a zip's directory; nothing of it is to be trusted.</summary>
/// <param name="Name">As bytes.</param>
/// <param name="HeaderOffset">Of its local header in the file.</param>
internal sealed record ZipEntry(
    byte[] Name, int Method, uint Crc32, long StoredLength, long Length, long HeaderOffset, NameAttributes Attributes, ZipEntryKind Kind);

internal enum ZipEntryKind
{
    File,
    Directory,
    Link,
    Special,
}
