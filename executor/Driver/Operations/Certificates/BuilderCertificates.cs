using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PodExecutor.Driver.Operations.Certificates;

/// <summary>
/// Issues what buildkitd and the executor need to trust each other: one CA for the builders, a server's and a client's
/// certificate of it. ECDSA P-256, as every version of BuildKit's TLS library takes. Pure but for random numbers.
/// </summary>
internal static class BuilderCertificates
{
    /// <summary>What ends sooner than this is issued anew; an installation is upgraded more often than once a year.</summary>
    public static readonly TimeSpan RenewBefore = TimeSpan.FromDays(365);

    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafLife = TimeSpan.FromDays(5 * 365);

    /// <summary>Two machines' clocks may differ.</summary>
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(10);

    private static readonly Oid ServerUse = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientUse = new("1.3.6.1.5.5.7.3.2");

    public static CertificatePair Authority(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=pod-executor builders", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(now - ClockSkew, now + AuthorityLife);
        return Pair(certificate, key);
    }

    /// <param name="names">DNS names under which clients reach the builders; the first is the subject.</param>
    public static CertificatePair Server(CertificatePair authority, IReadOnlyList<string> names, DateTimeOffset now)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            alternatives.AddDnsName(name);
        }

        alternatives.AddIpAddress(System.Net.IPAddress.Loopback);
        return Issue(authority, names[0], ServerUse, alternatives.Build(), now);
    }

    public static CertificatePair Client(CertificatePair authority, string name, DateTimeOffset now) => Issue(authority, name, ClientUse, null, now);

    /// <summary>Whether a CA ends before what it issues would.</summary>
    public static bool IsAuthorityDue(CertificatePair authority, DateTimeOffset now)
    {
        using var certificate = X509Certificate2.CreateFromPem(authority.Certificate);
        return certificate.NotAfter.ToUniversalTime() < now.UtcDateTime + RenewBefore;
    }

    /// <summary>Whether a certificate must be issued anew: it ends soon, is of another CA, or lacks a name.</summary>
    public static bool IsDue(CertificatePair leaf, CertificatePair authority, IReadOnlyList<string> names, DateTimeOffset now)
    {
        using var certificate = X509Certificate2.CreateFromPem(leaf.Certificate);
        using var issuer = X509Certificate2.CreateFromPem(authority.Certificate);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(issuer);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;

        // Without it the chain engine would look the issuer up on the network.
        chain.ChainPolicy.DisableCertificateDownloads = true;
        var has = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames()).ToHashSet(StringComparer.Ordinal);
        return certificate.NotAfter.ToUniversalTime() < now.UtcDateTime + RenewBefore || !chain.Build(certificate) || !names.All(has.Contains);
    }

    private static CertificatePair Issue(CertificatePair authority, string name, Oid use, X509Extension? alternatives, DateTimeOffset now)
    {
        using var issuer = X509Certificate2.CreateFromPem(authority.Certificate, authority.Key);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([use], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (alternatives is not null)
        {
            request.CertificateExtensions.Add(alternatives);
        }

        var end = now + LeafLife;
        if (end > issuer.NotAfter.ToUniversalTime())
        {
            end = issuer.NotAfter.ToUniversalTime();
        }

        using var certificate = request.Create(issuer, now - ClockSkew, end, Serial());
        return Pair(certificate, key);
    }

    /// <summary>Each ends its last line, so that files may be put together.</summary>
    private static CertificatePair Pair(X509Certificate2 certificate, ECDsa key) => new($"{certificate.ExportCertificatePem()}\n", $"{key.ExportPkcs8PrivateKeyPem()}\n");

    /// <summary>128 random bits; positive, as RFC 5280 asks.</summary>
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        serial[0] |= 0x01;
        return serial;
    }
}
