using System.Net;
using System.Text;
using System.Text.Json;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Operations.Certificates;

/// <summary>Certificates as Secrets of the cluster: the keys are those of type kubernetes.io/tls and of cert-manager.</summary>
internal sealed class CertificateStore(ApiClient api, string ns)
{
    private const string CertificateKey = "tls.crt";
    private const string PrivateKey = "tls.key";
    private const string AuthorityKey = "ca.crt";

    private string Collection => $"api/v1/namespaces/{ns}/secrets";

    /// <returns>Null if there is no such Secret, or none with a certificate and a key in it.</returns>
    public async Task<CertificatePair?> ReadAsync(string name, CancellationToken cancel)
    {
        try
        {
            var secret = await api.GetAsync<V1Secret>($"{Collection}/{name}", cancel);
            return secret.Data is { } data && data.TryGetValue(CertificateKey, out var certificate) && data.TryGetValue(PrivateKey, out var key)
                ? new CertificatePair(Encoding.UTF8.GetString(certificate), Encoding.UTF8.GetString(key))
                : null;
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Makes the Secret, or gives the one that is there this content.</summary>
    public async Task WriteAsync(string name, CertificatePair pair, CertificatePair authority, CancellationToken cancel)
    {
        var secret = new V1Secret
        {
            ApiVersion = "v1",
            Kind = "Secret",
            Type = "kubernetes.io/tls",
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = ns,
                Labels = new Dictionary<string, string> { ["app.kubernetes.io/part-of"] = PodMetadata.Product },
            },
            Data = new Dictionary<string, byte[]>
            {
                [CertificateKey] = Encoding.UTF8.GetBytes(pair.Certificate),
                [PrivateKey] = Encoding.UTF8.GetBytes(pair.Key),
                [AuthorityKey] = Encoding.UTF8.GetBytes(authority.Certificate),
            },
        };
        try
        {
            await api.CreateAsync(Collection, secret, cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Conflict)
        {
            await api.MergePatchAsync($"{Collection}/{name}", DataOf(secret), cancel);
        }
    }

    private static string DataOf(V1Secret secret)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("data");
            foreach (var (key, value) in secret.Data)
            {
                json.WriteBase64String(key, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
