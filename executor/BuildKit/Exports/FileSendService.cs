using System.Globalization;
using Grpc.Core;
using PodExecutor.BuildKit.FileSync.Receive;
using PodExecutor.BuildKit.Session;

namespace PodExecutor.BuildKit.Exports;

/// <summary>moby.filesync.v1.FileSend: results that come to this machine. What the stream carries depends on the kind of the export.</summary>
internal sealed class FileSendService(IReadOnlyList<Export> exports)
{
    public const string Method = "/moby.filesync.v1.FileSend/DiffCopy";

    public async Task DiffCopyAsync(SessionCall call)
    {
        var export = Find(call.FirstMetadata("buildkit-attachable-exporter-id"));
        if (export.OpenFile is not null)
        {
            await ReceiveFileAsync(call, export).ConfigureAwait(false);
        }
        else
        {
            await new TreeReceiver(call, export.Directory!).RunAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Daemons before 0.13 know one export only and do not number it.</summary>
    private Export Find(string? number)
    {
        if (number is null)
        {
            return exports.FirstOrDefault(ComesHere) ?? throw NotAsked("a file");
        }

        return int.TryParse(number, CultureInfo.InvariantCulture, out var index) && index >= 0 && index < exports.Count && ComesHere(exports[index])
            ? exports[index]
            : throw NotAsked($"the result of export {number}");
    }

    private static bool ComesHere(Export export) => export.OpenFile is not null || export.Directory is not null;

    private static SessionFault NotAsked(string what) => new(StatusCode.InvalidArgument, $"this client did not ask for {what}");

    private static async Task ReceiveFileAsync(SessionCall call, Export export)
    {
        try
        {
            var file = await export.OpenFile!(call.Cancelled).ConfigureAwait(false);
            await using (file.ConfigureAwait(false))
            {
                await call.StartAsync().ConfigureAwait(false);
                while (await ByteMessages.ReadAsync(call).ConfigureAwait(false) is { } data)
                {
                    using (data)
                    {
                        await file.WriteAsync(data.Memory, call.Cancelled).ConfigureAwait(false);
                    }
                }

                await file.FlushAsync(call.Cancelled).ConfigureAwait(false);
                (file as ReplacingFileStream)?.Complete();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LocalFileException("", $"The build's result (\"{export.Type}\") cannot be written: {error.Message}", error);
        }
    }
}
