using System.Net.Http.Headers;
using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary>Sends the local archive by the presigned URL that the runner gave.</summary>
internal sealed class ArchiveUpload(RunnerContext context, HttpClient client, ArchiveRequest request)
{
    /// <exception cref="TransferException">The store does not take it.</exception>
    public async Task RunAsync(CancellationToken cancel)
    {
        var size = new FileInfo(request.File).Length;
        if (request.MaxUploaded > 0 && size > request.MaxUploaded)
        {
            context.Warn($"Cache archive size ({CacheLog.Size(size)}) is larger than MaxUploadedArchiveSize ({CacheLog.Size(request.MaxUploaded)}): it is not uploaded.");
            return;
        }

        await Attempts.RunAsync(context.Warn, context.Time, async (_, token) =>
        {
            await TryAsync(token);
            return true;
        }, cancel);
    }

    private async Task TryAsync(CancellationToken cancel)
    {
        var target = new Uri(request.Url!);
        context.Info($"Uploading {Path.GetFileName(request.File)} to {target.Host}");
        await using var file = new FileStream(request.File, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, useAsync: false);
        using var message = new HttpRequestMessage(HttpMethod.Put, target) { Content = new StreamContent(file, 128 * 1024) };
        message.Content.Headers.ContentLength = file.Length;
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        foreach (var header in request.Headers)
        {
            var colon = header.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
            {
                Add(message, header[..colon].Trim(), header[(colon + 1)..].Trim());
            }
        }

        try
        {
            using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (!response.IsSuccessStatusCode)
            {
                throw new TransferException($"Uploading the cache to {target.Host} failed: {Answer.Status(response)}.", Answer.IsTransient(response.StatusCode))
                {
                    RetryAfter = Answer.RetryAfter(response, context.Time),
                };
            }
        }
        catch (HttpRequestException e)
        {
            throw Answer.Unreachable($"Uploading the cache to {target.Host}", e);
        }
    }

    private static void Add(HttpRequestMessage message, string name, string value)
    {
        if (name.Equals("Host", StringComparison.OrdinalIgnoreCase))
        {
            message.Headers.Host = value;
        }
        else if (!message.Headers.TryAddWithoutValidation(name, value))
        {
            message.Content!.Headers.Remove(name);
            message.Content.Headers.TryAddWithoutValidation(name, value);
        }
    }
}
