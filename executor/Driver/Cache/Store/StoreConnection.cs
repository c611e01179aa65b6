using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Cache.Store;

/// <summary>The HTTP client that reaches the store.</summary>
internal static class StoreConnection
{
    /// <summary>Where distributions keep the authorities that they trust. Named here because the cluster's client may have switched the system's store off.</summary>
    private static readonly string[] SystemAuthorities =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

    /// <exception cref="StoreException">The file of authorities cannot be used.</exception>
    public static HttpClient Open(CacheOptions options, TimeProvider time)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.RequestTimeout,
            MaxConnectionsPerServer = 16,
            AllowAutoRedirect = false,
        };
        if (!options.S3.Insecure)
        {
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Policy(options.S3.CaFile) };
        }

        return new HttpClient(new StoreHandler(handler, options.S3.ServerAddress, options.RequestTimeout, time)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>The operator's authorities as PEM, for the pod; null: the helper image's own.</summary>
    /// <exception cref="StoreException">The file cannot be read.</exception>
    public static string? Authorities(S3Options options)
    {
        try
        {
            return options.CaFile is null || options.Insecure ? null : File.ReadAllText(options.CaFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"cache.s3.ca_file cannot be read: {e.Message}", isTransient: false, inner: e);
        }
    }

    private static X509ChainPolicy Policy(string? file)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(file ?? Array.Find(SystemAuthorities, File.Exists)
                ?? throw new StoreException("this machine has no list of certificate authorities: set cache.s3.ca_file", isTransient: false));
            return policy;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"cache.s3.ca_file cannot be used: {e.Message}", isTransient: false, inner: e);
        }
    }
}
