using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace PodExecutor.Agent.Transfers;

/// <summary>Certificate authorities that are trusted besides the system's.</summary>
internal static class ExtraAuthorities
{
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It holds no PEM certificates.</exception>
    public static X509Certificate2Collection Load(IEnumerable<string> files)
    {
        var bundle = new X509Certificate2Collection();
        foreach (var file in files)
        {
            bundle.ImportFromPemFile(file);
        }

        return bundle;
    }

    public static RemoteCertificateValidationCallback Trusting(X509Certificate2Collection extra) =>
        (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, extra);

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
