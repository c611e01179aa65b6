using System.Net;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Artifacts;

/// <summary>POST /api/v4/jobs/ID/artifacts. Each try reads the files anew.</summary>
internal sealed class ArtifactUpload(RunnerContext context, HttpClient client, UploadRequest request, UploadPlan plan)
{
    private const int MaxRedirects = 10;

    private readonly string _title = request.Type is null
        ? "Uploading artifacts to coordinator..."
        : $"Uploading artifacts as \"{request.Type}\" to coordinator...";

    /// <summary>One try; 307 and 308 within GitLab's host belong to it.</summary>
    /// <param name="before">How the try before failed.</param>
    /// <exception cref="TransferException">Everything else than 2xx.</exception>
    /// <exception cref="ArtifactException">A file cannot be read.</exception>
    public async Task<HttpStatusCode> TryAsync(TransferException? before, CancellationToken cancel)
    {
        var target = request.Coordinator.Artifacts(request.Query());
        for (var redirects = 0; ; redirects++)
        {
            using var response = await SendAsync(target, before is not { RefusedExpectation: true }, cancel);
            var status = response.StatusCode;
            if (response.IsSuccessStatusCode)
            {
                context.Info($"{_title} {Answer.Status(response)}  id={request.Coordinator.JobId} responseStatus={Answer.Status(response)}");
                return status;
            }

            // Any other redirect would turn the POST into a GET, or hand the artifacts to a host that nobody configured.
            if ((int)status is 307 or 308 && redirects < MaxRedirects && response.Headers.Location is { } location
                && new Uri(target, location) is var next && next.Authority == target.Authority && next.Scheme == target.Scheme)
            {
                target = next;
                continue;
            }

            throw await FailureAsync(response, cancel);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Uri target, bool expectContinue, CancellationToken cancel)
    {
        using var unanswered = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await using var patience = context.Time.CreateTimer(_ => unanswered.Cancel(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var content = new ArtifactContent(context, request.Format, plan, () =>
        {
            if (request.ResponseHeaderTimeout is { } timeout)
            {
                patience.Change(timeout, Timeout.InfiniteTimeSpan);
            }
        });
        using var message = new HttpRequestMessage(HttpMethod.Post, target) { Content = content.InForm() };
        message.Headers.TryAddWithoutValidation(Coordinator.TokenHeader, request.Coordinator.Token);
        message.Headers.TransferEncodingChunked = true;

        // A refusal then comes before the archive is sent, and not as a cut connection in the midst of it.
        message.Headers.ExpectContinue = expectContinue;
        try
        {
            return await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, unanswered.Token);
        }
        catch (OperationCanceledException e) when (!cancel.IsCancellationRequested)
        {
            throw new TransferException(
                $"{_title} failed: {request.Coordinator} took the artifacts but did not answer within --response-header-timeout ({request.ResponseHeaderTimeout}).",
                isTransient: true, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Answer.Unreachable($"Uploading artifacts to {request.Coordinator}", e);
        }
    }

    private async Task<TransferException> FailureAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var status = response.StatusCode;
        var advice = status switch
        {
            HttpStatusCode.RequestEntityTooLarge =>
                "The archive is larger than GitLab, or a proxy before it, accepts. Make the artifacts smaller (exclude, a better pattern), "
                + "or let an administrator raise the maximum artifacts size.",
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                "GitLab does not accept the job's token: the job was cancelled, has ended or was erased, or --url is another GitLab. Retry the job.",
            HttpStatusCode.NotFound => "GitLab does not know the job, or --url is not a GitLab. Check the runner's url in config.toml.",
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => "GitLab refuses these artifacts: see its words, and the job's artifacts section.",
            HttpStatusCode.ExpectationFailed => "A proxy before GitLab does not know \"Expect: 100-continue\".",
            _ when Answer.IsRedirect(status) =>
                "GitLab points elsewhere, and uploads are not redirected. Set the runner's url in config.toml to GitLab's final address (often https instead of http).",
            _ when Answer.IsTransient(status) => "GitLab, or a proxy before it, cannot take artifacts now.",
            _ => "GitLab refuses the upload.",
        };
        var words = await Answer.ExplanationAsync(response, request.Coordinator.Token, cancel);
        var isUnexpected = status == HttpStatusCode.ExpectationFailed;
        return new TransferException($"{_title} {Answer.Status(response)}{words}. {advice}", Answer.IsTransient(status) || isUnexpected)
        {
            RetryAfter = Answer.RetryAfter(response, context.Time),
            RefusedExpectation = isUnexpected,
        };
    }
}
