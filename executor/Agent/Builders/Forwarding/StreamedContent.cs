using System.Buffers;
using System.Net;

namespace PodExecutor.Agent.Builders.Forwarding;

/// <summary>A request body that is passed on as it comes, while the answer is read already: what a gRPC stream in both directions needs.</summary>
internal sealed class StreamedContent(Stream body, CancellationToken aborted) : HttpContent
{
    private const int BufferSize = 64 * 1024;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, aborted);
        await stream.FlushAsync(either.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int count;
            while ((count = await body.ReadAsync(buffer, either.Token)) > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), either.Token);
                await stream.FlushAsync(either.Token);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
