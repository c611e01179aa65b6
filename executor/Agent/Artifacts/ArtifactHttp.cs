using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.Agent.Transfers;

namespace PodExecutor.Agent.Artifacts;

/// <summary>The connection to GitLab and to the storage that it points to. Proxies come from the environment.</summary>
internal static class ArtifactHttp
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(30);

    /// <summary>Follows no redirects and has no time limit of its own: the callers have.</summary>
    /// <exception cref="ArtifactException">The extra CA file cannot be used.</exception>
    public static HttpClient Create(RunnerContext context)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = ConnectPatience };
        if (context.ExtraCaFile is { } file)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = ExtraAuthorities.Trusting(Load(file));
        }

        var client = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", $"gitlab-runner (pod-executor {AgentVersion.Text})");
        return client;
    }

    private static X509Certificate2Collection Load(string file)
    {
        try
        {
            return ExtraAuthorities.Load([file]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ArtifactException($"CI_SERVER_TLS_CA_FILE ({file}) cannot be read as PEM certificates: {e.Message}", e);
        }
    }
}
