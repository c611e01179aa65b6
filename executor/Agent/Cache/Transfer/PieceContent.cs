using System.Net;

namespace PodExecutor.Agent.Cache.Transfer;

/// <summary>A body out of memory that is sent in pieces, so that a guard sees it move.</summary>
internal sealed class PieceContent(ReadOnlyMemory<byte> bytes, StallGuard guard) : HttpContent
{
    private const int PieceSize = 128 * 1024;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        for (var rest = bytes; !rest.IsEmpty;)
        {
            var piece = rest[..Math.Min(PieceSize, rest.Length)];
            await stream.WriteAsync(piece, cancellationToken);
            guard.Moved(piece.Length);
            rest = rest[piece.Length..];
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }
}
