using System.Net;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>The log of one service's container.</summary>
internal sealed class ServiceLog(ApiClient api, PreparedPod pod, string container)
{
    private const int LastLines = 20;

    /// <summary>Bytes. The service decides how long its lines are.</summary>
    private const int LongestTail = 64 * 1024;

    /// <summary>For a person who asks why it is not ready; never fails for want of a log.</summary>
    public async Task<string> LastLinesAsync(CancellationToken cancel)
    {
        try
        {
            var text = await api.GetTextAsync($"{Path}&tailLines={LastLines}&limitBytes={LongestTail}", cancel);
            return text.Trim().Length == 0 ? "its log is empty" : $"its last log lines:\n{text.TrimEnd()}";
        }
        catch (ApiException e)
        {
            return $"its log cannot be read: {e.Detail}";
        }
    }

    /// <summary>Lines with their times, from a time on; ends when the container does.</summary>
    public IAsyncEnumerable<string> LinesAsync(DateTimeOffset? since, bool follow, CancellationToken cancel) => api.FollowLogAsync(
        $"{Path}&timestamps=true{(follow ? "&follow=true" : "")}{(since is { } time ? $"&sinceTime={Uri.EscapeDataString(time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ"))}" : "")}", cancel);

    /// <summary>
    /// Whether the container is over, by the kubelet's word: then its log has an end. The pod's status can be ten seconds behind.
    /// </summary>
    /// <param name="patience">A log that goes on for so long belongs to a container that runs.</param>
    /// <returns>Null if the API server does not know yet that the container has started.</returns>
    public async Task<bool?> IsOverAsync(TimeSpan patience, TimeProvider time, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            await foreach (var _ in api.FollowLogAsync($"{Path}&follow=true&tailLines=1", either.Token))
            {
                // Only the end matters.
            }

            return !either.IsCancellationRequested;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
        catch (ApiException e)
        {
            return e.Status == HttpStatusCode.BadRequest ? null : false;
        }
    }

    private string Path => $"{ApiPaths.Of(pod.Namespace, "pods", pod.Name)}/log?container={container}";
}
