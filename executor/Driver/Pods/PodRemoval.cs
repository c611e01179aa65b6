using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>Takes away what a job has in the cluster.</summary>
/// <param name="cleanupGrace">Between TERM and KILL of the pod's containers.</param>
/// <param name="ownsNamespace">The pod's namespace was made for the job.</param>
internal sealed class PodRemoval(ApiClient api, TimeSpan cleanupGrace, bool ownsNamespace)
{
    /// <summary>Deletes the pod and the Secrets, whatever of them there is, or the job's own namespace with all of them. Does not wait for them to be gone.</summary>
    public async Task DeleteAsync(PreparedPod pod, CancellationToken cancel)
    {
        await api.DeleteAsync(ApiPaths.Of(pod.Namespace, "pods", pod.Name), Grace((long)cleanupGrace.TotalSeconds), cancel);
        if (ownsNamespace && pod.Namespace.StartsWith(PodName.OwnNamespacePrefix, StringComparison.Ordinal))
        {
            await api.DeleteAsync($"api/v1/namespaces/{pod.Namespace}", null, cancel);
            return;
        }

        var selector = Uri.EscapeDataString($"{PodMetadata.PodLabel}={pod.Name},{PodMetadata.ManagedBy}={PodMetadata.Product}");
        await api.DeleteAsync($"{ApiPaths.Of(pod.Namespace, "secrets")}?labelSelector={selector}", null, cancel);
    }

    /// <summary>Deletes the pod at once.</summary>
    public Task EndAsync(PreparedPod pod, CancellationToken cancel) =>
        api.DeleteAsync(ApiPaths.Of(pod.Namespace, "pods", pod.Name), Grace(0), cancel);

    private static string Grace(long seconds) =>
        $$"""{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":{{seconds}},"propagationPolicy":"Background"}""";
}
