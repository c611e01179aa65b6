using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using PodExecutor.BuildKit.Transport;
using RpcStatus = PodExecutor.BuildKit.Wire.Errors.Status;

namespace PodExecutor.BuildKit;

/// <summary>
/// What a daemon attaches to a failed build: google.rpc.Status in grpc-status-details-bin, whose details are JSON objects named by their Go types.
/// </summary>
internal static class FailureDetails
{
    private const string Header = "grpc-status-details-bin";

    public static BuildKitException Read(RpcException error)
    {
        var (exitCode, vertex, location) = Details(error.Trailers.GetValueBytes(Header));
        var message = Faults.IsReset(error.Status.DebugException) ? Faults.Reset : error.Status.Detail;
        return error.StatusCode switch
        {
            StatusCode.Unimplemented => new NotSupportedByDaemonException($"The daemon does not know this call: {message}", error),
            _ when MissingAbility(message) is { } missing => new NotSupportedByDaemonException($"{missing} The daemon says: {message}", error),
            _ => new BuildFailedException(message, error)
            {
                StatusCode = (int)error.StatusCode,
                ExitCode = exitCode ?? ExitCodeIn(message),
                VertexDigest = vertex,
                Location = location,
            },
        };
    }

    /// <summary>BuildKit 0.8 attaches nothing; its words end with the number.</summary>
    private static int? ExitCodeIn(string message)
    {
        const string before = "exit code: ";
        var at = message.LastIndexOf(before, StringComparison.Ordinal);
        return at >= 0 && int.TryParse(message[(at + before.Length)..], out var code) ? code : null;
    }

    /// <summary>Old daemons and those inside Docker have one status for everything; their words decide nothing but which advice is given.</summary>
    private static string? MissingAbility(string message)
    {
        return Says("exporter \"") && Says("could not be found")
                ? "This daemon cannot export in that way. A Docker daemon without the containerd image store has only \"local\", \"tar\" and \"moby\": " +
                  "turn the store on (features.containerd-snapshotter), or use a buildkitd."
            : Says("unknown cache exporter") || Says("ache export is not supported") ? "This daemon cannot export its cache in that way: a Docker daemon without the containerd image store has only \"inline\"."
            : Says("unsupported request frontend.")
                ? "The Dockerfile frontend of this daemon cannot answer such questions about a Dockerfile: checks need BuildKit 0.15, outlines and targets 0.11, " +
                  "or a \"# syntax=\" line that names a newer frontend."
            : Says("unknown scheme oci-layout")
                ? "This daemon takes no OCI layouts as contexts: that needs a buildkitd, or a Docker daemon with the containerd image store."
            : null;

        bool Says(string words) => message.Contains(words, StringComparison.Ordinal);
    }

    private static (int? ExitCode, string? Vertex, SourceExcerpt? Location) Details(byte[]? bytes)
    {
        if (bytes is null)
        {
            return default;
        }

        int? exitCode = null;
        string? vertex = null;
        SourceExcerpt? location = null;
        try
        {
            foreach (var detail in RpcStatus.Parser.ParseFrom(bytes).Details)
            {
                var name = detail.TypeUrl[(detail.TypeUrl.LastIndexOf('/') + 1)..];
                if (!name.EndsWith("+json", StringComparison.Ordinal))
                {
                    continue;
                }

                using var json = JsonDocument.Parse(detail.Value.Memory);
                switch (name[(name.LastIndexOf('.') + 1)..])
                {
                    case "ExitMessage+json":
                        exitCode ??= Number(json.RootElement, "Code");
                        break;
                    case "Vertex+json":
                        vertex ??= Text(json.RootElement, "digest");
                        break;
                    case "Source+json":
                        location ??= Source(json.RootElement);
                        break;
                    default:
                        break;
                }
            }
        }
        catch (Exception error) when (error is InvalidProtocolBufferException or JsonException or FormatException)
        {
            // The message stands without them.
        }

        return (exitCode, vertex, location);
    }

    private static SourceExcerpt? Source(JsonElement source)
    {
        if (!source.TryGetProperty("ranges", out var ranges) || ranges.ValueKind != JsonValueKind.Array || ranges.GetArrayLength() == 0)
        {
            return null;
        }

        var info = source.TryGetProperty("info", out var found) ? found : default;
        var data = Text(info, "data");
        return new SourceExcerpt(
            Text(info, "filename") ?? "Dockerfile",
            [.. ranges.EnumerateArray().Select(range => new LineRange(Line(range, "start"), Line(range, "end")))],
            data is null ? "" : Encoding.UTF8.GetString(Convert.FromBase64String(data)));
    }

    private static int Line(JsonElement range, string end) => range.TryGetProperty(end, out var position) ? Number(position, "line") ?? 0 : 0;

    private static int? Number(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.TryGetInt32(out var number) ? number : null;

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
