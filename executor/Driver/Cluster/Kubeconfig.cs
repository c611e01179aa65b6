using System.Text;
using k8s;
using k8s.Authentication;
using k8s.Exceptions;
using k8s.KubeConfigModels;

namespace PodExecutor.Driver.Cluster;

/// <summary>A kubeconfig file as an <see cref="ApiEndpoint"/>. Reading is KubernetesClient's; only prepare and the operators' verbs come here.</summary>
internal static class Kubeconfig
{
    /// <param name="file">Null: the user's own (~/.kube/config).</param>
    /// <exception cref="KubeConfigException">There is no usable configuration.</exception>
    public static ApiEndpoint Read(string? file, string? context)
    {
        var path = file ?? KubernetesClientConfiguration.KubeConfigDefaultLocation;
        var loaded = KubernetesClientConfiguration.LoadKubeConfig(new FileInfo(path));
        if (User(loaded, context) is not { UserCredentials.ExternalExecution: not null } user)
        {
            return Of(KubernetesClientConfiguration.BuildConfigFromConfigObject(loaded, context));
        }

        // The plugin runs when a call connects: its answer is for one call.
        user.UserCredentials = new UserCredentials { Token = "unused" };
        return Of(KubernetesClientConfiguration.BuildConfigFromConfigObject(loaded, context)) with
        {
            Token = null,
            Plugin = new KubeconfigReference(Path.GetFullPath(path), context),
        };
    }

    /// <summary>Runs the plugin that gives the credentials.</summary>
    /// <returns>The endpoint with them, and who gives new ones if they expire.</returns>
    public static (ApiEndpoint Endpoint, ITokenProvider? Provider) RunPlugin(ApiEndpoint endpoint)
    {
        var configuration = KubernetesClientConfiguration.BuildConfigFromConfigFile(new FileInfo(endpoint.Plugin!.File), endpoint.Plugin.Context);
        var given = Of(configuration);
        return (endpoint with { Token = given.Token, Certificate = given.Certificate, Key = given.Key }, configuration.TokenProvider);
    }

    private static ApiEndpoint Of(KubernetesClientConfiguration configuration) => new()
    {
        Server = new Uri(configuration.Host),
        Authorities = configuration.SslCaCerts is { Count: > 0 } authorities ? authorities.ExportCertificatePems() : null,
        Insecure = configuration.SkipTlsVerify,
        ServerName = configuration.TlsServerName,
        Certificate = Decoded(configuration.ClientCertificateData),
        Key = Decoded(configuration.ClientCertificateKeyData),
        CertificateFile = configuration.ClientCertificateFilePath,
        KeyFile = configuration.ClientKeyFilePath,
        Token = configuration.AccessToken,
        Username = configuration.Username,
        Password = configuration.Password,
    };

    private static string? Decoded(string? base64) => string.IsNullOrWhiteSpace(base64) ? null : Encoding.UTF8.GetString(Convert.FromBase64String(base64));

    private static User? User(K8SConfiguration file, string? context)
    {
        bool Same(string? a, string? b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
        var name = file.Contexts?.FirstOrDefault(c => Same(c.Name, context ?? file.CurrentContext))?.ContextDetails?.User;
        return name is null ? null : file.Users?.FirstOrDefault(u => Same(u.Name, name));
    }
}
