using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using PodExecutor.BuildKit.Session;
using PodExecutor.BuildKit.Wire.Content;

namespace PodExecutor.BuildKit.Content;

/// <summary>containerd.services.content.v1.Content, as far as a daemon uses it: layouts as contexts, caches in folders, exports blob by blob.</summary>
internal sealed class ContentService(ContentStores stores)
{
    private const int ChunkSize = 256 * 1024;

    public async Task InfoAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(InfoRequest.Parser).ConfigureAwait(false);
        await call.SendAsync(new InfoResponse { Info = InfoOf(request.Digest, Required(StoreOf(call), request.Digest)) }).ConfigureAwait(false);
    }

    public async Task ReadAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(ReadContentRequest.Parser).ConfigureAwait(false);
        var file = Required(StoreOf(call), request.Digest);
        var stream = Open(file);
        await using (stream.ConfigureAwait(false))
        {
            stream.Position = Math.Min(request.Offset, stream.Length);
            var left = request.Size > 0 ? Math.Min(request.Size, stream.Length - stream.Position) : stream.Length - stream.Position;
            var buffer = ArrayPool<byte>.Shared.Rent(ChunkSize);
            try
            {
                while (left > 0)
                {
                    var offset = stream.Position;
                    var count = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, ChunkSize)), call.Cancelled).ConfigureAwait(false);
                    if (count == 0)
                    {
                        break;
                    }

                    left -= count;
                    await call.SendAsync(new ReadContentResponse { Offset = offset, Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)) })
                        .ConfigureAwait(false);
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>One blob: what is it, its bytes, that was it. Each message is answered.</summary>
    public async Task WriteAsync(SessionCall call)
    {
        var store = StoreOf(call);
        if (!store.Writable)
        {
            throw new SessionFault(StatusCode.PermissionDenied, $"{store.Folder} is for reading only");
        }

        try
        {
            await using var ingest = new LazyIngest(store);
            var expected = "";
            long total = 0;
            while (await call.ReadAsync(WriteContentRequest.Parser).ConfigureAwait(false) is { } request)
            {
                expected = request.Expected.Length > 0 ? request.Expected : expected;
                total = request.Total > 0 ? request.Total : total;
                if (expected.Length > 0 && Find(store, expected) is not null)
                {
                    throw new SessionFault(StatusCode.AlreadyExists, $"content {expected}: already exists");
                }

                await call.SendAsync(await TakeAsync(request, ingest.Value, expected, total, call.Cancelled).ConfigureAwait(false)).ConfigureAwait(false);
                if (request.Action == WriteAction.Commit)
                {
                    return;
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new LocalFileException(store.Folder, $"A blob cannot be written to {store.Folder}: {error.Message}", error);
        }
    }

    /// <summary>Of a blob on its way in; they are not kept from one call to the next.</summary>
    public static async Task StatusAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(StatusRequest.Parser).ConfigureAwait(false);
        throw new SessionFault(StatusCode.NotFound, $"ingest {request.Ref}: not found");
    }

    /// <summary>Labels are for containerd's own clean-up; a layout has none.</summary>
    public async Task UpdateAsync(SessionCall call)
    {
        var request = await call.ReadOneAsync(UpdateRequest.Parser).ConfigureAwait(false);
        await call.SendAsync(new UpdateResponse { Info = InfoOf(request.Info.Digest, Required(StoreOf(call), request.Info.Digest)) }).ConfigureAwait(false);
    }

    private static async ValueTask<WriteContentResponse> TakeAsync(
        WriteContentRequest request, OciLayoutStore.Ingest ingest, string expected, long total, CancellationToken cancellation)
    {
        if (request.Action != WriteAction.Stat && request.Data.Length > 0)
        {
            if (request.Offset != ingest.Length)
            {
                throw new SessionFault(StatusCode.OutOfRange, $"a blob goes on at {request.Offset}, but {ingest.Length} bytes of it are here");
            }

            await ingest.WriteAsync(request.Data.Memory, cancellation).ConfigureAwait(false);
        }

        var response = new WriteContentResponse { Action = request.Action, Offset = ingest.Length, Total = total };
        if (request.Action == WriteAction.Commit)
        {
            if (total > 0 && ingest.Length != total)
            {
                throw new SessionFault(StatusCode.FailedPrecondition, $"a blob of {total} bytes came with {ingest.Length}");
            }

            response.Digest = await ingest.CommitAsync(expected).ConfigureAwait(false);
        }

        return response;
    }

    private OciLayoutStore StoreOf(SessionCall call)
    {
        var id = call.FirstMetadata("buildkit-attachable-store-id") ?? "";
        return stores.Find(id) ?? throw new SessionFault(StatusCode.NotFound, $"no content store \"{id}\" was given to the build");
    }

    private static FileInfo Required(OciLayoutStore store, string digest) =>
        Find(store, digest) ?? throw new SessionFault(StatusCode.NotFound, $"content {digest}: not found");

    private static FileInfo? Find(OciLayoutStore store, string digest)
    {
        try
        {
            return store.Find(digest);
        }
        catch (FormatException error)
        {
            throw new SessionFault(StatusCode.InvalidArgument, error.Message);
        }
    }

    private static FileStream Open(FileInfo file)
    {
        try
        {
            return file.OpenRead();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LocalFileException(file.FullName, $"The blob {file.FullName} cannot be read: {error.Message}", error);
        }
    }

    private static Info InfoOf(string digest, FileInfo file) => new()
    {
        Digest = digest,
        Size = file.Length,
        CreatedAt = Timestamp.FromDateTime(file.LastWriteTimeUtc),
        UpdatedAt = Timestamp.FromDateTime(file.LastWriteTimeUtc),
    };

    /// <summary>No file is made for a blob that turns out to be there.</summary>
    private sealed class LazyIngest(OciLayoutStore store) : IAsyncDisposable
    {
        private OciLayoutStore.Ingest? _ingest;

        public OciLayoutStore.Ingest Value => _ingest ??= store.Begin();

        public ValueTask DisposeAsync() => _ingest?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
