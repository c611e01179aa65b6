using static PodExecutor.Driver.Options.KeyMark;

namespace PodExecutor.Driver.Options;

/// <summary>How the API server is reached, and where the pods go.</summary>
internal static class ConnectionKeys
{
    /// <summary>Decided before a job is known, so not by a profile.</summary>
    public static readonly IReadOnlyList<string> Names = ["host", "cert_file", "key_file", "ca_file", "bearer_token", "kubeconfig", "context"];

    public static KubernetesOptions Read(OptionsReader read, KubernetesOptions options)
    {
        var connection = new ConnectionOptions
        {
            Host = read.Key("host", P1, "URL of the API server. Without it: `kubeconfig`, else the pod's service account if the executor runs in a pod, else the user's kubeconfig.").Text(),
            CertFile = read.Key("cert_file", P2, "With `host`: file of the client certificate (PEM).").Text(),
            KeyFile = read.Key("key_file", P2, "With `host`: file of the client certificate's key (PEM).").Text(),
            CaFile = read.Key("ca_file", P2, "With `host`: file of the CA that signed the API server's certificate (PEM).").Text(),
            BearerToken = read.Key("bearer_token", P3, "With `host`: token of the executor's account. A kubeconfig file keeps it better.").Text(),
        };
        if (!read.Source.Partial && (connection.CertFile is null) != (connection.KeyFile is null))
        {
            read.Problem(connection.CertFile is null ? "key_file" : "cert_file", "certificate and key belong together", "Set both cert_file and key_file.");
        }

        if (!read.Source.Partial && connection is { Host: { } host } && !(Uri.TryCreate(host, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
        {
            read.Problem("host", $"\"{host}\" is no URL", "Write host = \"https://api.example.com:6443\".");
        }

        return options with
        {
            Connection = connection,
            Kubeconfig = read.Key("kubeconfig", Own, "A kubeconfig file.").Text(),
            Context = read.Key("context", P1, "The context of the kubeconfig; its current one if not set.").Text(),
            Namespace = read.Key("namespace", P0, "Where the pods go. It must exist.", "KUBERNETES_NAMESPACE_OVERWRITE").Text("default"),
            NamespacePerJob = read.Key("namespace_per_job", P2, "A namespace `ci-job-<id>` for each job, deleted after it; `namespace` counts for nothing then.").Flag(false),
            Overwrites = options.Overwrites with
            {
                Namespace = read.Key("namespace_overwrite_allowed", P1, "Regular expression of the namespaces that a job may ask for; empty: none. The namespace must exist.").Pattern(),
            },
        };
    }
}
