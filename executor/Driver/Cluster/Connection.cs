using System.Security.Cryptography.X509Certificates;
using k8s;
using k8s.Exceptions;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cluster;

/// <summary>Finds the cluster: a kubeconfig that the options name, else the pod that we run in, else the user's kubeconfig.</summary>
internal static class Connection
{
    /// <exception cref="FailureException">There is no usable configuration.</exception>
    public static ApiClient Open(KubernetesOptions options, TimeProvider time)
    {
        try
        {
            var configuration = Configure(options);

            if (configuration.SslCaCerts is { Count: > 0 })
            {
                StaticRuntime.SkipSystemCertificates();
            }

            configuration.UserAgent = $"pod-executor/{DriverVersion.Text}";

            // Our own per-request limits apply; a watch or an exec has none.
            configuration.HttpClientTimeout = Timeout.InfiniteTimeSpan;

            // One process makes one to five requests: HTTP/1.1 saves the settings round trip of HTTP/2.
            configuration.DisableHttp2 = true;
            return new ApiClient(new Kubernetes(configuration), new Retry(options.RetryBudget, time), options.RequestTimeout, time);
        }
        catch (Exception e) when (e is KubeConfigException or KubernetesException or IOException or UnauthorizedAccessException or FormatException
            or System.Security.Cryptography.CryptographicException)
        {
            throw new FailureException(
                new Failure(
                    FailureKind.System,
                    "There is no usable connection to a cluster",
                    e.Message,
                    "Set kubernetes.kubeconfig (and kubernetes.context) in the executor's options file, or run in a pod with a service account."),
                e);
        }
    }

    private static X509Certificate2Collection Certificates(string file)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(file);
        return certificates;
    }

    /// <summary>Address and credentials; asks nobody.</summary>
    public static KubernetesClientConfiguration Configure(KubernetesOptions options)
    {
        if (options.Connection is { Host: { Length: > 0 } host } given)
        {
            return new KubernetesClientConfiguration
            {
                Host = host,
                AccessToken = given.BearerToken,
                ClientCertificateFilePath = given.CertFile,
                ClientKeyFilePath = given.KeyFile,
                SslCaCerts = given.CaFile is null ? null : Certificates(given.CaFile),
            };
        }

        if (options.Kubeconfig is { Length: > 0 } file)
        {
            return KubernetesClientConfiguration.BuildConfigFromConfigFile(new FileInfo(file), options.Context);
        }

        return options.Context is null && KubernetesClientConfiguration.IsInCluster()
            ? KubernetesClientConfiguration.InClusterConfig()
            : KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfigPath: null, currentContext: options.Context);
    }
}
