using System.Net;
using System.Text;
using k8s.Models;
using PodExecutor.Driver.Cluster;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>
/// Whether the pull secrets exist. Our account may not read Secrets, and shall not: a dry run that would create one of the
/// same name is refused if there is one, and changes nothing either way.
/// </summary>
internal static class PullSecretsCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        var options = context.Options!.Kubernetes;
        var findings = new List<Finding>();
        foreach (var name in options.ImagePullSecrets)
        {
            findings.Add(await LookAsync(context.Api!, options.Namespace, name, cancel));
        }

        return findings.Count > 0 ? findings : [Finding.Ok("none is configured; the jobs' own logins are used")];
    }

    private static async Task<Finding> LookAsync(ApiClient api, string ns, string name, CancellationToken cancel)
    {
        var like = new V1Secret
        {
            ApiVersion = "v1",
            Kind = "Secret",
            Type = "kubernetes.io/dockerconfigjson",
            Metadata = new V1ObjectMeta { Name = name },
            Data = new Dictionary<string, byte[]> { [".dockerconfigjson"] = Encoding.UTF8.GetBytes("{\"auths\":{}}") },
        };
        try
        {
            await api.CreateAsync($"api/v1/namespaces/{ns}/secrets?dryRun=All", like, cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict)
        {
            return Finding.Ok($"Secret {name} exists");
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return Finding.Note($"Secret {name}: not looked at", e.Detail);
        }

        return Finding.Error(
            $"Secret {name} does not exist in namespace {ns}",
            "kubernetes.image_pull_secrets names it",
            $"Create it: kubectl -n {ns} create secret docker-registry {name} …, or correct the name.");
    }
}
