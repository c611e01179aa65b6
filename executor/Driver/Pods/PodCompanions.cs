using System.Net;
using System.Text.Json.Nodes;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pods;

/// <summary>The objects beside the pod: Secrets, the job's own namespace, a disruption budget.</summary>
internal sealed class PodCompanions(ApiClient api)
{
    /// <returns>False if there is one of the name.</returns>
    public async Task<bool> TryCreateSecretAsync(V1Secret secret, CancellationToken cancel)
    {
        try
        {
            await api.CreateAsync(ApiPaths.Of(secret.Metadata.NamespaceProperty, "secrets"), secret, cancel);
            return true;
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict && e.Reason == "AlreadyExists")
        {
            return false;
        }
    }

    /// <summary>In the place of the one that an earlier try left. No pod may use that any more.</summary>
    public async Task ReplaceSecretAsync(V1Secret secret, CancellationToken cancel)
    {
        await api.DeleteAsync(ApiPaths.Of(secret.Metadata.NamespaceProperty, "secrets", secret.Metadata.Name), null, cancel);
        await TryCreateSecretAsync(secret, cancel);
    }

    /// <summary>So that the Secret goes when the pod goes, even if nobody calls cleanup.</summary>
    public async Task OwnAsync(V1Secret? secret, V1Pod pod, CancellationToken cancel)
    {
        if (secret is not null)
        {
            var owner = new JsonObject { ["metadata"] = new JsonObject { ["ownerReferences"] = Owner(pod) } };
            await api.MergePatchAsync(ApiPaths.Of(pod.Metadata.NamespaceProperty, "secrets", secret.Metadata.Name), owner.ToJsonString(), cancel);
        }
    }

    /// <summary>1. the namespace, or the one of an earlier try; 2. its service account, without which the server takes no pod.</summary>
    public async Task CreateNamespaceAsync(JobPlan plan, Retry retry, CancellationToken cancel)
    {
        // Step 1
        var labels = new JsonObject([.. plan.Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))]);
        var body = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Namespace",
            ["metadata"] = new JsonObject { ["name"] = plan.Pod.Namespace, ["labels"] = labels },
        };
        try
        {
            await api.CreateAsync<V1Namespace>("api/v1/namespaces", body.ToJsonString(), cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict && e.Reason == "AlreadyExists")
        {
            // Ours: nobody else's job has the id.
        }

        // Step 2
        var account = plan.ServiceAccount ?? "default";
        var path = $"{ApiPaths.Of(plan.Pod.Namespace, "serviceaccounts")}?fieldSelector=metadata.name%3D{account}";
        await new ResourceWatch(api, retry, path).FollowAsync(null, item => item.Type == WatchEvent.Added, null, cancel);
    }

    /// <summary>A drain of the node waits for the pod. The API is policy/v1 since 1.21.</summary>
    public async Task CreateBudgetAsync(V1Pod pod, CancellationToken cancel)
    {
        try
        {
            await CreateBudgetAsync(pod, "policy/v1", cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            await CreateBudgetAsync(pod, "policy/v1beta1", cancel);
        }
    }

    private async Task CreateBudgetAsync(V1Pod pod, string version, CancellationToken cancel)
    {
        try
        {
            await api.CreateAsync<V1PodDisruptionBudget>(
                $"apis/{version}/namespaces/{pod.Metadata.NamespaceProperty}/poddisruptionbudgets", Budget(pod, version).ToJsonString(), cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict && e.Reason == "AlreadyExists")
        {
            // Of an earlier try.
        }
    }

    public static JsonObject Budget(V1Pod pod, string apiVersion) => new()
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = "PodDisruptionBudget",
        ["metadata"] = new JsonObject { ["name"] = pod.Metadata.Name, ["namespace"] = pod.Metadata.NamespaceProperty, ["ownerReferences"] = Owner(pod) },
        ["spec"] = new JsonObject
        {
            ["minAvailable"] = 1,
            ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { [PodMetadata.PodLabel] = pod.Metadata.Name } },
        },
    };

    private static JsonArray Owner(V1Pod pod) => new(
        (JsonNode)new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["name"] = pod.Metadata.Name, ["uid"] = pod.Metadata.Uid });
}
