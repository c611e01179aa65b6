using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Unit;

public sealed class TlsTests : IDisposable
{
    private readonly Project _project = new();

    public void Dispose() => _project.Dispose();

    [Fact]
    public async Task ClientCertificate_WithAnIntermediate_IsSentWithIt()
    {
        using var root = Authority("root", null);
        using var intermediate = Authority("intermediate", root);
        using var leaf = Issue("leaf", intermediate, isAuthority: false);
        File.WriteAllText(_project.Out("client.crt"), leaf.ExportCertificatePem() + "\n" + intermediate.ExportCertificatePem() + "\n");
        File.WriteAllText(_project.Out("client.key"), leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(_project.Out("ca.crt"), root.ExportCertificatePem());
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sent = SentAsync(listener, root);
        var tls = TlsClientOptions.FromPemFiles(_project.Out("ca.crt"), _project.Out("client.crt"), _project.Out("client.key"), "root");
        await using var client = new PodExecutor.BuildKit.BuildKitClient(BuildKitEndpoint.Tcp("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, tls));

        // The listener is no BuildKit: what counts is what it was shown.
        await Assert.ThrowsAnyAsync<BuildKitException>(() => client.SolveAsync(_project.Request(), cancellation: TestContext.Current.CancellationToken));

        Assert.Contains("CN=intermediate", await sent);
    }

    /// <summary>The subjects that came beside the client's own.</summary>
    private static async Task<IReadOnlyList<string>> SentAsync(TcpListener listener, X509Certificate2 server)
    {
        IReadOnlyList<string> subjects = [];
        using var socket = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await using var stream = new SslStream(socket.GetStream());
        await stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = X509CertificateLoader.LoadPkcs12(server.Export(X509ContentType.Pfx), null),
                ClientCertificateRequired = true,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                RemoteCertificateValidationCallback = (_, _, chain, _) =>
                {
                    subjects = [.. chain!.ChainPolicy.ExtraStore.Select(c => c.Subject)];
                    return true;
                },
            },
            TestContext.Current.CancellationToken);
        listener.Stop();
        return subjects;
    }

    private static X509Certificate2 Authority(string name, X509Certificate2? issuer) => Issue(name, issuer, isAuthority: true);

    private static X509Certificate2 Issue(string name, X509Certificate2? issuer, bool isAuthority)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var (from, to) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        return issuer is null ? request.CreateSelfSigned(from, to) : request.Create(issuer, from.AddMinutes(1), to.AddMinutes(-1), RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
    }
}
