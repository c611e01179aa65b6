using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.Agent.Cache.Transfer;
using PodExecutor.Agent.Transfers;
using PodExecutor.Link.Cache;

namespace PodExecutor.Tests.Unit.Cache;

/// <summary>A store with TLS by an authority that the pod does not know: the system of the runner's machine may.</summary>
public class UntrustedStoreTests
{
    [Fact]
    public async Task Get_CertificateOfAnUnknownAuthority_SaysWhatToSetAndIsNotTriedAgain()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeOnceAsync(listener, certificate, cancel);
        using var client = new HttpClient();
        var request = new ObjectRequest(client, TimeProvider.System, new TransferOptions());
        var grant = new ObjectGrant { Method = "GET", Url = $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/secret-address", Size = 1 };

        var failure = await Assert.ThrowsAsync<TransferException>(() => request.GetAsync(grant, 0, 1, (_, _) => ValueTask.CompletedTask, cancel));
        await serving;

        Assert.False(failure.IsTransient);
        Assert.Contains("cache.s3.ca_file", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-address", failure.Message, StringComparison.Ordinal);
    }

    private static async Task ServeOnceAsync(TcpListener listener, X509Certificate2 certificate, CancellationToken cancel)
    {
        using var connection = await listener.AcceptTcpClientAsync(cancel);
        await using var tls = new SslStream(connection.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(certificate);
            _ = await tls.ReadAsync(new byte[1], cancel);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            // The client has gone, as it should.
        }
    }
}
