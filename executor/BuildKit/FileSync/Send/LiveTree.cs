using Microsoft.Win32.SafeHandles;
using PodExecutor.BuildKit.FileSync.Disk;
using PodExecutor.BuildKit.FileSync.Filters;
using PodExecutor.BuildKit.FileSync.Records;
using PodExecutor.BuildKit.Wire.FileSync;

namespace PodExecutor.BuildKit.FileSync.Send;

/// <summary>A folder as it is now.</summary>
internal sealed class LiveTree(LocalDirectory directory, PathFilter filter, RecordWriter? record) : ISentTree
{
    public string Root => directory.Path;

    public IEnumerable<Stat> Tell()
    {
        var stats = new EntryStats(directory);
        foreach (var entry in new LocalTree(Root, filter).Walk())
        {
            var stat = stats.Of(entry);
            record?.Add(stat, Path.Combine(Root, entry.Path));
            yield return stat;
        }

        record?.Complete();
    }

    public SafeFileHandle? Open(uint number, string path) => NativeFile.OpenRead(Path.Combine(Root, path));

    public void Dispose() => record?.Dispose();
}
