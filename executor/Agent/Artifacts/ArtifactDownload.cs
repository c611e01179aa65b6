using System.Net;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Artifacts;

/// <summary>
/// GET /api/v4/jobs/ID/artifacts. The first try lets GitLab point to its object storage (direct_download); that may not be
/// reachable from a job's network, so the tries after it do not.
/// </summary>
/// <param name="archive">Where the body goes; a new try starts it over.</param>
internal sealed class ArtifactDownload(RunnerContext context, HttpClient client, Coordinator coordinator, FileStream archive)
{
    private const int MaxRedirects = 10;
    private const int BufferSize = 128 * 1024;
    private const string Title = "Downloading artifacts from coordinator...";

    /// <summary>A connection that brings nothing for so long is dead.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <param name="before">How the try before failed.</param>
    /// <returns>The archive's size in bytes.</returns>
    /// <exception cref="TransferException">Anything but a whole body.</exception>
    public async Task<long> TryAsync(TransferException? before, CancellationToken cancel)
    {
        using var silence = new CancellationTokenSource(Patience, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, silence.Token);
        var start = coordinator.Artifacts(before is null ? "?direct_download=true" : "");
        var host = start.Host;
        try
        {
            using var response = await FollowAsync(start, next => host = next.Host, either.Token);
            var size = await ReceiveAsync(response, silence, either.Token);
            context.Info($"{Title} ok  id={coordinator.JobId} host={host} responseStatus={Answer.Status(response)}");
            return size;
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new TransferException($"{Title} failed: {host} sent nothing for {Patience.TotalMinutes:0} minutes.", isTransient: true, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Answer.Unreachable($"Downloading artifacts from {host}", e);
        }
    }

    private async Task<HttpResponseMessage> FollowAsync(Uri start, Action<Uri> visiting, CancellationToken cancel)
    {
        var target = start;
        for (var redirects = 0; redirects <= MaxRedirects; redirects++)
        {
            visiting(target);
            var isHome = target.Scheme == start.Scheme && target.Authority == start.Authority;
            using var message = new HttpRequestMessage(HttpMethod.Get, target);
            if (isHome)
            {
                // Only GitLab itself may see the token, whoever it points to.
                message.Headers.TryAddWithoutValidation(Coordinator.TokenHeader, coordinator.Token);
            }

            var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (response.StatusCode == HttpStatusCode.OK)
            {
                return response;
            }

            using (response)
            {
                target = Answer.IsRedirect(response.StatusCode) && response.Headers.Location is { } location
                    ? new Uri(target, location)
                    : throw await FailureAsync(response, target, isHome, cancel);
            }

            if (target.Scheme is not ("http" or "https"))
            {
                throw new TransferException($"{Title} failed: GitLab points to an address that is neither http nor https.", isTransient: true);
            }
        }

        throw new TransferException($"{Title} failed: more than {MaxRedirects} redirects.", isTransient: true);
    }

    private async Task<long> ReceiveAsync(HttpResponseMessage response, CancellationTokenSource silence, CancellationToken cancel)
    {
        archive.SetLength(0);
        archive.Position = 0;
        await using var body = await response.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[BufferSize];
        int count;
        while ((count = await body.ReadAsync(buffer, cancel)) > 0)
        {
            silence.CancelAfter(Patience);
            try
            {
                await archive.WriteAsync(buffer.AsMemory(0, count), cancel);
            }
            catch (IOException e)
            {
                throw new ArtifactException(
                    $"The download cannot be stored in {context.TemporaryDirectory}: {e.Message} Give the builds volume or TMPDIR more room.", e);
            }
        }

        await archive.FlushAsync(cancel);
        return archive.Length;
    }

    private async Task<TransferException> FailureAsync(HttpResponseMessage response, Uri target, bool isHome, CancellationToken cancel)
    {
        if (!isHome)
        {
            // Its body may repeat the signed address.
            return new TransferException(
                $"{Title} {Answer.Status(response)} from {target.Host}, where GitLab keeps its artifacts.", isTransient: true);
        }

        var advice = response.StatusCode switch
        {
            HttpStatusCode.NotFound =>
                "not found: the job has no artifacts, or they have expired or were erased. Run that job again, or take it out of `dependencies` and `needs`.",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                "GitLab does not let this job read them: its token has expired, or the other project does not allow it (CI/CD settings, job token permissions).",
            var status when Answer.IsTransient(status) => "GitLab, or a proxy before it, cannot deliver now.",
            _ => "GitLab refuses the download.",
        };
        var words = await Answer.ExplanationAsync(response, coordinator.Token, cancel);
        return new TransferException($"{Title} {Answer.Status(response)}{words}: {advice} (id={coordinator.JobId})", Answer.IsTransient(response.StatusCode))
        {
            RetryAfter = Answer.RetryAfter(response, context.Time),
        };
    }
}
