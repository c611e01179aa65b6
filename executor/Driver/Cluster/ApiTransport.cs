using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace PodExecutor.Driver.Cluster;

/// <summary>
/// The connection to the API server: TLS, credentials, proxy. It starts nothing that a call does not need: that is where most of a call's
/// time went (docs/adr/0034-a-light-process-per-call.md).
/// </summary>
internal sealed class ApiTransport : HttpMessageInvoker
{
    private static readonly string[] ProxyVariables = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];

    private const string UserAgent = $"pod-executor/{DriverVersion.Text}";

    private readonly ApiCredentials _credentials;

    private readonly string? _serverName;

    /// <param name="handler">Sends the requests; disposed of with this.</param>
    internal ApiTransport(ApiEndpoint endpoint, HttpMessageHandler handler, ApiCredentials credentials)
        : base(handler, disposeHandler: true) => (Server, _serverName, _credentials) = (endpoint.Server, endpoint.ServerName, credentials);

    public Uri Server { get; }

    /// <exception cref="System.Security.Cryptography.CryptographicException">A certificate or key is unusable.</exception>
    /// <exception cref="IOException">A file of a certificate cannot be read.</exception>
    public static ApiTransport Open(ApiEndpoint endpoint)
    {
        k8s.Authentication.ITokenProvider? provider = null;
        if (endpoint.Plugin is not null)
        {
            (endpoint, provider) = Kubeconfig.RunPlugin(endpoint);
        }

        if (endpoint.Authorities is not null)
        {
            StaticRuntime.SkipSystemCertificates();
        }

        var handler = new SocketsHttpHandler
        {
            UseProxy = ProxyVariables.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 }),
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
        };
        if (endpoint.Server.Scheme == Uri.UriSchemeHttps)
        {
            handler.SslOptions = Tls(endpoint);
        }

        return new ApiTransport(endpoint, handler, new ApiCredentials(endpoint, provider));
    }

    public override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);

        // The handler checks the server's certificate against this name.
        request.Headers.Host = _serverName;
        request.Headers.Authorization = await _credentials.HeaderAsync(cancellationToken);
        return await base.SendAsync(request, cancellationToken);
    }

    private static SslClientAuthenticationOptions Tls(ApiEndpoint endpoint)
    {
        var options = new SslClientAuthenticationOptions
        {
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificateContext = ClientCertificate(endpoint),
        };
        if (endpoint.Insecure)
        {
#pragma warning disable CA5359 // The operator's kubeconfig asks for it (insecure-skip-tls-verify).
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (endpoint.Authorities is { } pem)
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(pem);
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
            options.RemoteCertificateValidationCallback = (_, _, chain, errors) => IsTrusted(chain, errors, authorities);
        }

        return options;
    }

    /// <summary>As Go's: a certificate of the CA file is trusted whether or not it is self-signed. .NET trusts self-signed ones only.</summary>
    private static bool IsTrusted(X509Chain? chain, SslPolicyErrors errors, X509Certificate2Collection authorities) => errors switch
    {
        SslPolicyErrors.None => true,
        SslPolicyErrors.RemoteCertificateChainErrors => chain is { ChainElements.Count: > 0 }
            && chain.ChainStatus.All(s => s.Status == X509ChainStatusFlags.PartialChain)
            && authorities.Any(a => a.RawDataMemory.Span.SequenceEqual(chain.ChainElements[^1].Certificate.RawDataMemory.Span)),
        _ => false,
    };

    private static SslStreamCertificateContext? ClientCertificate(ApiEndpoint endpoint)
    {
        if ((endpoint.Certificate, endpoint.CertificateFile) is (null, null))
        {
            return null;
        }

        var pem = endpoint.Certificate ?? File.ReadAllText(endpoint.CertificateFile!);
        var key = endpoint.Key ?? File.ReadAllText(endpoint.KeyFile!);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(pem, key), chain, offline: true);
    }
}
