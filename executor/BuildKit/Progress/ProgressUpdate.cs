namespace PodExecutor.BuildKit;

/// <summary>News of a running build.</summary>
public sealed record ProgressUpdate(
    IReadOnlyList<Vertex> Vertices,
    IReadOnlyList<VertexStatus> Statuses,
    IReadOnlyList<VertexLog> Logs,
    IReadOnlyList<VertexWarning> Warnings);

/// <summary>A step of the build: always the whole of what is known of it, so that a later one with the same digest takes the earlier one's place.</summary>
/// <param name="Digest">Its identity within the build.</param>
/// <param name="Name">"[stage 2/5] RUN make", "[internal] load build context", "exporting to image".</param>
/// <param name="Inputs">Digests of the steps that it needs.</param>
/// <param name="Cached">Its result was there already. A step found in an imported cache may start once more, without this, to be fetched.</param>
/// <param name="Started">null: not yet.</param>
/// <param name="Completed">null: not yet. A step may start again after it completed.</param>
/// <param name="Error">null: none. An error of one step need not be the build's: a cache that cannot be imported is such a step.</param>
/// <param name="Group">The step is a part of a larger one, that should be shown in its place.</param>
public sealed record Vertex(
    string Digest,
    string Name,
    IReadOnlyList<string> Inputs,
    bool Cached,
    DateTimeOffset? Started,
    DateTimeOffset? Completed,
    string? Error,
    ProgressGroup? Group);

/// <param name="Weak">The group gives way to another one that its steps are also in.</param>
public sealed record ProgressGroup(string Id, string Name, bool Weak);

/// <summary>How far a part of a step has come: "transferring context:", "sha256:… 5MB / 20MB", "pushing layers".</summary>
/// <param name="Id">Its identity within the step.</param>
/// <param name="Vertex">The step's digest.</param>
/// <param name="Current">Mostly bytes.</param>
/// <param name="Total">0: unknown.</param>
public sealed record VertexStatus(
    string Id,
    string Vertex,
    string Name,
    long Current,
    long Total,
    DateTimeOffset Timestamp,
    DateTimeOffset? Started,
    DateTimeOffset? Completed);

/// <summary>What a step printed: a raw piece, that ends anywhere, even within a character.</summary>
/// <param name="Vertex">The step's digest.</param>
/// <param name="Stream">1: stdout, 2: stderr.</param>
public sealed record VertexLog(string Vertex, DateTimeOffset Timestamp, int Stream, ReadOnlyMemory<byte> Data);

/// <summary>What the frontend advises, such as the Dockerfile's lint.</summary>
/// <param name="Level">1 and up; lower is graver.</param>
/// <param name="Short">One line.</param>
/// <param name="Url">Where the rule is explained; null: nowhere.</param>
/// <param name="Source">null: no place in a file.</param>
public sealed record VertexWarning(string Vertex, int Level, string Short, IReadOnlyList<string> Detail, string? Url, SourceExcerpt? Source);
