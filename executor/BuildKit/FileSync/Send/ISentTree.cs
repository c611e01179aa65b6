using Microsoft.Win32.SafeHandles;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Send;

/// <summary>What the daemon is told of a folder: as it is, or as it was.</summary>
internal interface ISentTree : IDisposable
{
    string Root { get; }

    /// <summary>In the daemon's order. The same object each time.</summary>
    IEnumerable<Stat> Tell();

    /// <param name="number">The entry's place in what was told.</param>
    /// <returns>null: it has gone, and is sent as an empty one.</returns>
    SafeFileHandle? Open(uint number, string path);
}
