namespace PodExecutor.Driver.Operations.Certificates;

/// <summary>What `pod-executor certificates` was asked for.</summary>
/// <param name="Namespace">Where the Secrets go, and where buildkitd's Service is.</param>
/// <param name="Service">The name of buildkitd's Service, and the beginning of the Secrets' names.</param>
/// <param name="ExtraNames">DNS names beside those of the Service.</param>
internal sealed record CertificatesRequest(string Namespace, string Service, IReadOnlyList<string> ExtraNames)
{
    /// <summary>All names under which a client in the cluster may reach all builders, or one of them.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            IReadOnlyList<string> hosts = [Service, $"{Service}.{Namespace}", $"{Service}.{Namespace}.svc", $"{Service}.{Namespace}.svc.cluster.local"];
            return [.. hosts, .. hosts.Select(h => $"*.{h}"), "localhost", .. ExtraNames];
        }
    }
}
