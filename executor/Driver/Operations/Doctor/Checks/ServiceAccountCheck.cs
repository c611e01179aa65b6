using System.Net;
using k8s.Models;
using PodExecutor.Driver.Cluster;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>Whether the jobs' service account exists. The account that the executor itself uses is another one.</summary>
internal static class ServiceAccountCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        var options = context.Options!.Kubernetes;
        var name = options.ServiceAccount is { Length: > 0 } given ? given : "default";
        try
        {
            await context.Api!.GetAsync<V1ServiceAccount>($"api/v1/namespaces/{options.Namespace}/serviceaccounts/{name}", cancel);
            return [Finding.Ok($"service account {name} exists")];
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return [Finding.Error(
                $"Service account {name} does not exist in namespace {options.Namespace}",
                "every pod needs one",
                $"Create it: kubectl -n {options.Namespace} create serviceaccount {name}, or correct kubernetes.service_account.")];
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return [Finding.Note($"service account {name}: not looked at", "this account may not get serviceaccounts", "To have it looked at: pod-executor rbac job doctor")];
        }
    }
}
