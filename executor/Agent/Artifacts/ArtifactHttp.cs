using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

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
            var extra = Load(file);
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, extra);
        }

        var client = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", $"gitlab-runner (pod-executor {AgentVersion.Text})");
        return client;
    }

    private static X509Certificate2Collection Load(string file)
    {
        try
        {
            var bundle = new X509Certificate2Collection();
            bundle.ImportFromPemFile(file);
            return bundle;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ArtifactException($"CI_SERVER_TLS_CA_FILE ({file}) cannot be read as PEM certificates: {e.Message}", e);
        }
    }

    // The system's verdict first. The bundle may heal an unknown issuer, never a wrong name.
    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection extra)
    {
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || certificate is not X509Certificate2 server)
        {
            return errors == SslPolicyErrors.None;
        }

        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        own.ChainPolicy.CustomTrustStore.AddRange(extra);
        foreach (var element in chain?.ChainElements.AsEnumerable() ?? [])
        {
            own.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return own.Build(server);
    }
}
