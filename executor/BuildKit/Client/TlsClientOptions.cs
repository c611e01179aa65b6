using System.Security.Cryptography.X509Certificates;

namespace PodExecutor.BuildKit;

/// <summary>How the client proves a daemon's identity, and its own.</summary>
public sealed record TlsClientOptions
{
    /// <summary>The only authorities that are trusted; null: those of the machine.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>The client's certificate with its private key, where the daemon asks for one (mTLS).</summary>
    public X509Certificate2? ClientCertificate { get; init; }

    /// <summary>Between the client's certificate and an authority that the daemon knows: sent with it.</summary>
    public X509Certificate2Collection? ClientIntermediates { get; init; }

    /// <summary>The name that the daemon's certificate must carry; null: the endpoint's host.</summary>
    public string? ServerName { get; init; }

    /// <summary>All but the first certificate of a PEM text.</summary>
    public static X509Certificate2Collection IntermediatesOf(string pem)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(pem);
        return [.. all.Skip(1)];
    }

    /// <summary>Reads PEM files, as buildctl's <c>--tlscacert</c>, <c>--tlscert</c> and <c>--tlskey</c> name them.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file holds no certificate or no key.</exception>
    public static TlsClientOptions FromPemFiles(string? authoritiesPath, string? certificatePath, string? keyPath, string? serverName = null)
    {
        X509Certificate2Collection? authorities = null;
        if (authoritiesPath is not null)
        {
            authorities = [];
            authorities.ImportFromPemFile(authoritiesPath);
        }

        return new TlsClientOptions
        {
            Authorities = authorities,
            ClientCertificate = certificatePath is null ? null : X509Certificate2.CreateFromPemFile(certificatePath, keyPath),
            ClientIntermediates = certificatePath is null ? null : IntermediatesOf(File.ReadAllText(certificatePath)),
            ServerName = serverName,
        };
    }
}
