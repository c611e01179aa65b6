using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using PodExecutor.Agent.Transfers;
using PodExecutor.Link.Cache;

namespace PodExecutor.Agent.Cache.Transfer;

/// <summary>One try of one presigned request. No message has the address: whoever has it may use it.</summary>
internal sealed class ObjectRequest(HttpClient client, TimeProvider time, TransferOptions options)
{
    /// <exception cref="TransferException">The object is not stored.</exception>
    public async Task PutAsync(ObjectGrant grant, ReadOnlyMemory<byte> bytes, CancellationToken cancel)
    {
        using var guard = new StallGuard(options, time, cancel);
        using var content = new PieceContent(bytes, guard);
        using var message = Message(grant, content);
        using var response = await SendAsync(message, guard, "Storing", cancel);

        // 412: the grant forbids to overwrite, and a pack of this name has this content already.
        if (!response.IsSuccessStatusCode && response.StatusCode != HttpStatusCode.PreconditionFailed)
        {
            // However much was sent: nothing of it is kept, so it is no progress.
            throw Failure("Storing", response, 0);
        }
    }

    /// <summary>Bytes <paramref name="from"/> to the one before <paramref name="to"/>, handed on as they come.</summary>
    /// <param name="to">null: to the end, whatever that is.</param>
    /// <exception cref="TransferException">Not all came. What came was handed on.</exception>
    public async Task GetAsync(
        ObjectGrant grant, long from, long? to, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> receive, CancellationToken cancel)
    {
        using var guard = new StallGuard(options, time, cancel);
        using var message = Message(grant, null);
        if (from > 0 || (to is { } end && (ulong)end < grant.Size))
        {
            message.Headers.Range = new RangeHeaderValue(from, to - 1);
        }

        using var response = await SendAsync(message, guard, "Fetching", cancel);
        var skip = (response.StatusCode, message.Headers.Range) switch
        {
            (HttpStatusCode.PartialContent, not null) when response.Content.Headers.ContentRange?.From == from => 0,

            // A server may ignore ranges: then what was not asked for is read over.
            (HttpStatusCode.OK, _) => from,
            _ => throw Failure("Fetching", response, 0),
        };
        await ReceiveAsync(response, skip, to - from, receive, guard, cancel);
    }

    private static async Task ReceiveAsync(
        HttpResponseMessage response, long skip, long? length, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> receive, StallGuard guard, CancellationToken cancel)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(128 * 1024);
        var delivered = 0L;
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(guard.Token);
            while (length is null || delivered < length)
            {
                var count = await ReadAsync(body, buffer, delivered, guard.Token);
                if (count == 0)
                {
                    if (length is null)
                    {
                        return;
                    }

                    throw new TransferException("The store sent less than it has.", isTransient: true) { Moved = delivered };
                }

                guard.Moved(count);
                var piece = buffer.AsMemory(0, count);
                var over = (int)Math.Min(skip, count);
                skip -= over;
                piece = piece[over..];
                piece = length is { } most ? piece[..(int)Math.Min(piece.Length, most - delivered)] : piece;
                if (!piece.IsEmpty)
                {
                    // Not the guard's token: a decoder that is busy is no fault of the connection.
                    await receive(piece, cancel);
                    delivered += piece.Length;
                    guard.Moved(1);
                }
            }
        }
        catch (OperationCanceledException e) when (guard.HasStalled && !cancel.IsCancellationRequested)
        {
            throw Stalled(delivered, e);
        }
        catch (HttpRequestException e)
        {
            throw Unreachable("Fetching", delivered, e);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Apart from what is done with the bytes: that fails with an IOException, too, where the disk is full.
    private static async ValueTask<int> ReadAsync(Stream body, byte[] buffer, long delivered, CancellationToken cancel)
    {
        try
        {
            return await body.ReadAsync(buffer, cancel);
        }
        catch (IOException e)
        {
            throw Unreachable("Fetching", delivered, e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, StallGuard guard, string what, CancellationToken cancel)
    {
        try
        {
            return await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, guard.Token);
        }
        catch (OperationCanceledException e) when (guard.HasStalled && !cancel.IsCancellationRequested)
        {
            throw Stalled(0, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // The handler's connect timeout comes as a cancellation that nobody asked for.
            throw Unreachable(what, 0, e);
        }
    }

    private static HttpRequestMessage Message(ObjectGrant grant, HttpContent? content)
    {
        var message = new HttpRequestMessage(new HttpMethod(grant.Method), grant.Url) { Content = content };
        foreach (var (name, value) in grant.Headers)
        {
            // Content-Type and its like belong to the content in .NET.
            if (!message.Headers.TryAddWithoutValidation(name, value))
            {
                content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return message;
    }

    private TransferException Failure(string what, HttpResponseMessage response, long moved) =>
        new($"{what} at {response.RequestMessage?.RequestUri?.Host} failed: {Answer.Status(response)}.", Answer.IsTransient(response.StatusCode))
        {
            RetryAfter = Answer.RetryAfter(response, time),
            IsGrantRefused = response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized,
            IsMissing = response.StatusCode == HttpStatusCode.NotFound,
            Moved = moved,
        };

    private static TransferException Stalled(long moved, Exception e) =>
        new("The store stopped sending or taking data.", isTransient: true, e) { Moved = moved };

    private static TransferException Unreachable(string what, long moved, Exception e) => e is HttpRequestException { InnerException: AuthenticationException untrusted }
        ? new($"{what} at the store failed: in the pod its certificate is not trusted ({untrusted.Message.TrimEnd('.')}). The operator must name its authority's file in cache.s3.ca_file.", isTransient: false, e)
        : new(Answer.Unreachable($"{what} at the store", e).Message, isTransient: true, e) { Moved = moved };
}
