using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Pods;

/// <summary>Takes away what a job has in the cluster.</summary>
internal sealed class PodRemoval(ApiClient api, KubernetesOptions options)
{
    /// <summary>Deletes the pod and the Secrets, whatever of them there is, or the job's own namespace with all of them. Does not wait for them to be gone.</summary>
    public async Task DeleteAsync(PreparedPod pod, CancellationToken cancel)
    {
        await api.DeleteAsync(ApiPaths.Of(pod.Namespace, "pods", pod.Name), Grace((long)options.CleanupGrace.TotalSeconds), cancel);
        if (options.NamespacePerJob && pod.Namespace.StartsWith(PodName.OwnNamespacePrefix, StringComparison.Ordinal))
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
