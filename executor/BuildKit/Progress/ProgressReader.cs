using Google.Protobuf.WellKnownTypes;
using Api = PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.BuildKit.Progress;

/// <summary>The daemon's messages as the library's records.</summary>
/// <param name="skew">What the daemon's clock must be moved by to be this machine's.</param>
internal sealed class ProgressReader(TimeSpan skew)
{
    public ProgressUpdate Read(Api.StatusResponse response) => new(
        [.. response.Vertexes.Select(Read)],
        [.. response.Statuses.Select(Read)],
        [.. response.Logs.Select(log => new VertexLog(log.Vertex, Required(log.Timestamp), (int)log.Stream, log.Msg.Memory))],
        [.. response.Warnings.Select(Read)]);

    private Vertex Read(Api.Vertex vertex) => new(
        vertex.Digest,
        vertex.Name,
        [.. vertex.Inputs],
        vertex.Cached,
        Optional(vertex.Started),
        Optional(vertex.Completed),
        vertex.Error.Length > 0 ? vertex.Error : null,
        vertex.ProgressGroup is { } group ? new ProgressGroup(group.Id, group.Name, group.Weak) : null);

    private VertexStatus Read(Api.VertexStatus status) => new(
        status.Id, status.Vertex, status.Name, status.Current, status.Total, Required(status.Timestamp), Optional(status.Started), Optional(status.Completed));

    private static VertexWarning Read(Api.VertexWarning warning) => new(
        warning.Vertex,
        (int)warning.Level,
        warning.Short.ToStringUtf8(),
        [.. warning.Detail.Select(line => line.ToStringUtf8())],
        warning.Url.Length > 0 ? warning.Url : null,
        warning.Ranges.Count == 0
            ? null
            : new SourceExcerpt(
                warning.Info?.Filename ?? "",
                [.. warning.Ranges.Select(range => new LineRange(range.Start?.Line ?? 0, range.End?.Line ?? 0))],
                warning.Info?.Data.ToStringUtf8() ?? ""));

    private DateTimeOffset? Optional(Timestamp? timestamp) => timestamp is null ? null : Required(timestamp);

    private DateTimeOffset Required(Timestamp? timestamp) => (timestamp?.ToDateTimeOffset() ?? DateTimeOffset.UnixEpoch) + skew;
}
