using System.Net;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Cluster;

/// <summary>A request to the API server failed. What to do about it is told by <see cref="Status"/>, never by the text.</summary>
/// <param name="status">Null if there was no answer at all.</param>
/// <param name="reason">Kubernetes' machine-readable reason ("AlreadyExists"), empty if there is none.</param>
internal sealed class ApiException(string request, HttpStatusCode? status, string reason, string message, TimeSpan? retryAfter = null, Exception? inner = null)
    : Exception($"{request}: {message}", inner), ITransient
{
    public HttpStatusCode? Status { get; } = status;

    public string Reason { get; } = reason;

    /// <summary>What the server said, without the request.</summary>
    public string Detail { get; } = message;

    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>
    /// Two writers met (a quota's usage, say) and the same request may succeed next time. An object that exists already is not such
    /// a conflict: the caller decides what it means.
    /// </summary>
    public bool ConflictPasses { get; init; }

    public bool IsTransient => (Status == HttpStatusCode.Conflict && ConflictPasses && Reason != "AlreadyExists") || Status is null or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
        or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    /// <summary>For a person: what failed, why, and what an operator can look at.</summary>
    public Failure ToFailure(string what) => new(FailureKind.System, what, Message, Status switch
    {
        null => "Check that the API server runs and that this machine reaches it.",
        HttpStatusCode.Unauthorized => "Check the credentials of the kubeconfig or of the service account.",
        HttpStatusCode.Forbidden => "Give the executor's account the missing right, or raise the quota that the message names.",
        _ => "Look at the API server's log.",
    });
}
