using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace PodExecutor.BuildKit.Transport;

/// <summary>HTTP/2 to a daemon over whatever stream its endpoint opens.</summary>
internal static class ChannelFactory
{
    /// <summary>
    /// In KiB. A failed build's details hold the whole Dockerfile twice over, in a header: .NET's default of 64 KiB would end the connection.
    /// </summary>
    private const int MaxResponseHeadersLength = 16 * 1024;

    /// <summary>A daemon sends up to 16 MiB in one message.</summary>
    private const int MaxMessageSize = 32 << 20;

    public static GrpcChannel Create(BuildKitEndpoint endpoint, BuildKitClientOptions options) => GrpcChannel.ForAddress(AddressOf(endpoint), new GrpcChannelOptions
    {
        HttpHandler = CreateHandler(endpoint, options),
        DisposeHttpClient = true,
        MaxReceiveMessageSize = MaxMessageSize,
        MaxSendMessageSize = null,
        MaxRetryAttempts = null,
    });

    /// <summary>What the requests of <see cref="CreateHandler"/> are addressed to.</summary>
    public static Uri AddressOf(BuildKitEndpoint endpoint) => new($"{(IsHttps(endpoint) ? "https" : "http")}://{endpoint.Tls?.ServerName ?? endpoint.Authority}");

    /// <summary>For one who speaks gRPC by himself.</summary>
    public static SocketsHttpHandler CreateHandler(BuildKitEndpoint endpoint, BuildKitClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            ConnectCallback = (_, cancellation) => ConnectAsync(endpoint, cancellation),
            PlaintextStreamFilter = (context, _) => ValueTask.FromResult<Stream>(new RepeatedHeaderStream(context.PlaintextStream)),
#pragma warning disable CA2262 // 16 MiB are meant
            MaxResponseHeadersLength = MaxResponseHeadersLength,
#pragma warning restore CA2262
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            // A daemon whose machine is gone is noticed; with a session open its health checks make pings unnecessary.
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (IsHttps(endpoint))
        {
            handler.SslOptions = SslOptions(endpoint);
        }

        return handler;
    }

    /// <summary>TLS around Docker's HTTP/1.1 upgrade must be there before it: then HTTP/2 is plain within.</summary>
    private static bool IsHttps(BuildKitEndpoint endpoint) => endpoint.Tls is not null && !endpoint.IsDocker;

    private static async ValueTask<Stream> ConnectAsync(BuildKitEndpoint endpoint, CancellationToken cancellation)
    {
        var stream = await endpoint.Open(cancellation).ConfigureAwait(false);
        try
        {
            if (!endpoint.IsDocker)
            {
                return stream;
            }

            if (endpoint.Tls is not null)
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(SslOptions(endpoint), cancellation).ConfigureAwait(false);
            }

            await DockerUpgrade.RunAsync(stream, cancellation).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static SslClientAuthenticationOptions SslOptions(BuildKitEndpoint endpoint)
    {
        var tls = endpoint.Tls!;
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = tls.ServerName ?? HostOf(endpoint.Authority),
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            EnabledSslProtocols = SslProtocols.None,   // the machine's own choice
        };
        if (tls.Authorities is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(tls.Authorities);
        }

        if (tls.ClientCertificate is not null)
        {
            options.ClientCertificateContext = SslStreamCertificateContext.Create(tls.ClientCertificate, tls.ClientIntermediates, offline: true);
        }

        return options;
    }

    private static string HostOf(string authority) => new Uri($"https://{authority}").IdnHost.Trim('[', ']');
}
