using System.Collections.Concurrent;
using Grpc.Core;
using PodExecutor.BuildKit.Session;

namespace PodExecutor.BuildKit.Uploads;

/// <summary>moby.upload.v1.Upload: what the daemon fetches as http://buildkit-session/ID. Each stream can be read once.</summary>
internal sealed class UploadService(IReadOnlyDictionary<string, Stream> uploads)
{
    private readonly ConcurrentDictionary<string, Stream> _left = new(uploads);

    public async Task PullAsync(SessionCall call)
    {
        var id = (call.FirstMetadata("urlpath") ?? "").Trim('/');
        if (!_left.TryRemove(id, out var stream))
        {
            throw new SessionFault(StatusCode.NotFound, $"no upload \"{id}\", or it was fetched already");
        }

        await call.StartAsync().ConfigureAwait(false);
        try
        {
            await ByteMessages.SendAllAsync(call, stream).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            throw new BuildKitException($"The upload \"{id}\" cannot be read: {error.Message}", error);
        }
    }
}
