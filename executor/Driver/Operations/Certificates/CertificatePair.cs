namespace PodExecutor.Driver.Operations.Certificates;

/// <summary>A certificate and its private key, both PEM. Never printed.</summary>
internal sealed record CertificatePair(string Certificate, string Key)
{
    public override string ToString() => "a certificate and its key";
}
