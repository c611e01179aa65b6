using k8s.Exceptions;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job.State;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cluster;

/// <summary>Finds the cluster: an address or a kubeconfig that the options name, else the pod that we run in, else the user's kubeconfig.</summary>
internal static class Connection
{
    private const string ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <exception cref="FailureException">There is no usable configuration.</exception>
    public static ApiClient Open(KubernetesOptions options, TimeProvider time) => Open(Endpoint(options), CallSettings.Of(options), time);

    /// <inheritdoc cref="Open(KubernetesOptions, TimeProvider)"/>
    public static ApiClient Open(ApiEndpoint endpoint, CallSettings settings, TimeProvider time) => Usable(() =>
        new ApiClient(ApiTransport.Open(endpoint), new Retry(settings.RetryBudget, time), settings.RequestTimeout, time));

    /// <summary>Address and credentials; asks nobody.</summary>
    /// <exception cref="FailureException">There is no usable configuration.</exception>
    public static ApiEndpoint Endpoint(KubernetesOptions options) => Usable(() =>
        options.Connection is { Host: { Length: > 0 } host } given ? Named(host, given)
        : options.Kubeconfig is { Length: > 0 } file ? Kubeconfig.Read(file, options.Context)
        : (options.Context is null ? InCluster() : null) ?? Kubeconfig.Read(null, options.Context));

    private static ApiEndpoint Named(string host, ConnectionOptions given) => new()
    {
        Server = new Uri(host),
        Authorities = given.CaFile is null ? null : File.ReadAllText(given.CaFile),
        CertificateFile = given.CertFile,
        KeyFile = given.KeyFile,
        Token = given.BearerToken,
    };

    /// <summary>The pod's service account; null if we do not run in a pod.</summary>
    private static ApiEndpoint? InCluster()
    {
        var host = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST");
        var port = Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_PORT");
        var (token, authorities) = (Path.Combine(ServiceAccount, "token"), Path.Combine(ServiceAccount, "ca.crt"));
        return string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port) || !File.Exists(token) || !File.Exists(authorities) ? null : new ApiEndpoint
        {
            Server = new UriBuilder(Uri.UriSchemeHttps, host, int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)).Uri,
            Authorities = File.ReadAllText(authorities),
            TokenFile = token,
        };
    }

    private static T Usable<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is KubeConfigException or k8s.KubernetesException or IOException or UnauthorizedAccessException or FormatException
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
}
