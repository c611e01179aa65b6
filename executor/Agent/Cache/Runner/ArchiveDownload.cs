using System.Net;
using PodExecutor.Agent.Artifacts;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Cache.Runner;

/// <summary>Fetches the runner's archive into its local file, unless that is as new.</summary>
internal sealed class ArchiveDownload(RunnerContext context, HttpClient client, string file)
{
    private const int BufferSize = 128 * 1024;

    /// <param name="alternateUrl">The same cache under the runner's other naming scheme; the newer one is taken.</param>
    /// <exception cref="TransferException">The store does not give it.</exception>
    /// <exception cref="ArtifactException">It cannot be stored here.</exception>
    public async Task RunAsync(string url, string? headUrl, string? alternateUrl, string? alternateHeadUrl, CancellationToken cancel)
    {
        var chosen = alternateUrl is not null && headUrl is not null && alternateHeadUrl is not null
            && await ModifiedAsync(alternateHeadUrl, cancel) is { } other && !(await ModifiedAsync(headUrl, cancel) >= other)
                ? alternateUrl
                : url;
        await Attempts.RunAsync(context.Warn, context.Time, async (_, token) =>
        {
            await TryAsync(chosen, token);
            return true;
        }, cancel);
    }

    private async Task TryAsync(string url, CancellationToken cancel)
    {
        var target = new Uri(url);
        try
        {
            using var response = await client.GetAsync(target, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw Failure(response, target);
            }

            var modified = response.Content.Headers.LastModified;
            if (File.Exists(file) && modified is { } remote && File.GetLastWriteTimeUtc(file) >= remote.UtcDateTime)
            {
                context.Info($"{Path.GetFileName(file)} is up to date");
                return;
            }

            context.Info($"Downloading {Path.GetFileName(file)} from {target.Host}");
            await ReceiveAsync(response, cancel);
            if (modified is { } time)
            {
                File.SetLastWriteTimeUtc(file, time.UtcDateTime);
            }
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException)
        {
            throw Answer.Unreachable($"Downloading the cache from {target.Host}", e);
        }
    }

    // Under another name until it is whole.
    private async Task ReceiveAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var partial = file + ".partial";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await using (var to = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None, BufferSize))
            {
                await using var body = await response.Content.ReadAsStreamAsync(cancel);
                await body.CopyToAsync(to, BufferSize, cancel);
            }

            File.Move(partial, file, overwrite: true);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or (IOException and not HttpIOException))
        {
            throw new ArtifactException($"The cache cannot be stored at {file}: {e.Message} Give the cache volume more room.", e);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private async Task<DateTimeOffset?> ModifiedAsync(string url, CancellationToken cancel)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, url);
            using var response = await client.SendAsync(request, cancel);
            return response.IsSuccessStatusCode ? response.Content.Headers.LastModified ?? DateTimeOffset.MinValue : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private TransferException Failure(HttpResponseMessage response, Uri target) => new(
        response.StatusCode == HttpStatusCode.NotFound
            ? "There is no cache for this key."
            : $"Downloading the cache from {target.Host} failed: {Answer.Status(response)}.",
        Answer.IsTransient(response.StatusCode))
    {
        RetryAfter = Answer.RetryAfter(response, context.Time),
        IsMissing = response.StatusCode == HttpStatusCode.NotFound,
    };
}
