using Grpc.Core;
using PodExecutor.BuildKit.FileSync.Records;
using PodExecutor.BuildKit.Session;

namespace PodExecutor.BuildKit.FileSync.Send;

/// <summary>moby.filesync.v1.FileSync: the folders that a build was given, and no other.</summary>
internal sealed class FileSyncService(IReadOnlyDictionary<string, LocalDirectory> directories)
{
    public const string Method = "/moby.filesync.v1.FileSync/DiffCopy";

    public async Task DiffCopyAsync(SessionCall call)
    {
        var request = SyncRequest.Of(call);
        if (!directories.TryGetValue(request.Name, out var directory))
        {
            throw new SessionFault(StatusCode.NotFound, $"no access allowed to dir \"{request.Name}\"");
        }

        using var tree = Tree(request, directory);
        using var sender = new TreeSender(call, tree);
        await sender.RunAsync().ConfigureAwait(false);
    }

    private static ISentTree Tree(SyncRequest request, LocalDirectory directory) => directory.Record switch
    {
        { Replays: true } record => new RecordedTree(record.Of(request), directory.Path),
        var record => new LiveTree(directory, request.FilterFor(directory), record is null ? null : new RecordWriter(record, record.Of(request))),
    };
}
