using Grpc.Core;
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

        using var sender = new TreeSender(call, directory, request.FilterFor(directory));
        await sender.RunAsync().ConfigureAwait(false);
    }
}
