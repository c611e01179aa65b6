using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using PodExecutor.Driver.Operations.Certificates;

namespace PodExecutor.Tests.Unit.Operations;

public sealed class BuilderCertificatesTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;
    private static readonly CertificatesRequest Request = new("ci", "buildkitd", []);

    [Fact]
    public async Task Pair_OfOneAuthority_TrustEachOther()
    {
        var authority = BuilderCertificates.Authority(Now);
        var server = BuilderCertificates.Server(authority, Request.Names, Now);

        var (seen, refusals) = await ShakeHandsAsync(authority, server, BuilderCertificates.Client(authority, "pod-executor", Now), "buildkitd-1.buildkitd.ci.svc");

        Assert.Empty(refusals);
        Assert.Equal("CN=pod-executor", seen);
    }

    [Fact]
    public async Task Client_OfAnotherAuthority_IsRefused()
    {
        var authority = BuilderCertificates.Authority(Now);
        var server = BuilderCertificates.Server(authority, Request.Names, Now);
        var stranger = BuilderCertificates.Client(BuilderCertificates.Authority(Now), "pod-executor", Now);

        var (_, refusals) = await ShakeHandsAsync(authority, server, stranger, "buildkitd.ci.svc");

        Assert.Contains(refusals, e => e is AuthenticationException);
    }

    [Fact]
    public async Task Server_UnderANameItLacks_IsRefused()
    {
        var authority = BuilderCertificates.Authority(Now);
        var server = BuilderCertificates.Server(authority, Request.Names, Now);
        var client = BuilderCertificates.Client(authority, "pod-executor", Now);

        var (_, refusals) = await ShakeHandsAsync(authority, server, client, "buildkitd.other.svc");

        Assert.Contains(refusals, e => e is AuthenticationException);
    }

    [Fact]
    public void Pair_AsFiles_CanBePutTogether()
    {
        var pair = BuilderCertificates.Authority(Now);

        Assert.EndsWith("-----\n", pair.Certificate);
        Assert.EndsWith("-----\n", pair.Key);
    }

    [Fact]
    public void IsDue_FreshPairWithAllNames_No()
    {
        var authority = BuilderCertificates.Authority(Now);

        Assert.False(BuilderCertificates.IsDue(BuilderCertificates.Server(authority, Request.Names, Now), authority, Request.Names, Now));
        Assert.False(BuilderCertificates.IsDue(BuilderCertificates.Client(authority, "pod-executor", Now), authority, [], Now));
        Assert.False(BuilderCertificates.IsAuthorityDue(authority, Now));
    }

    [Fact]
    public void IsDue_EndsWithinAYear_Yes()
    {
        var authority = BuilderCertificates.Authority(Now);
        var client = BuilderCertificates.Client(authority, "pod-executor", Now);

        Assert.True(BuilderCertificates.IsDue(client, authority, [], Now.AddYears(4).AddDays(10)));
        Assert.True(BuilderCertificates.IsAuthorityDue(authority, Now.AddYears(9).AddDays(10)));
    }

    [Fact]
    public void IsDue_AnotherAuthorityOrAMissingName_Yes()
    {
        var authority = BuilderCertificates.Authority(Now);
        var server = BuilderCertificates.Server(authority, Request.Names, Now);

        Assert.True(BuilderCertificates.IsDue(server, BuilderCertificates.Authority(Now), Request.Names, Now));
        Assert.True(BuilderCertificates.IsDue(server, authority, [.. Request.Names, "buildkitd.example.com"], Now));
    }

    /// <returns>Whom the server saw, and what either half refused with.</returns>
    private static async Task<(string? Seen, IReadOnlyList<Exception> Refusals)> ShakeHandsAsync(
        CertificatePair authority, CertificatePair server, CertificatePair client, string name)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        using var near = new TcpClient();
        await near.ConnectAsync((System.Net.IPEndPoint)listener.LocalEndpoint, cancel);
        using var far = await listener.AcceptTcpClientAsync(cancel);
        await using var serving = new SslStream(far.GetStream());
        await using var calling = new SslStream(near.GetStream());
        using var serverCertificate = X509Certificate2.CreateFromPem(server.Certificate, server.Key);
        using var clientCertificate = X509Certificate2.CreateFromPem(client.Certificate, client.Key);
        using var root = X509Certificate2.CreateFromPem(authority.Certificate);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.Add(root);
        var accepting = serving.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = serverCertificate, ClientCertificateRequired = true, CertificateChainPolicy = policy },
            cancel);
        var asking = calling.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = name, ClientCertificates = [clientCertificate], CertificateChainPolicy = policy },
            cancel);

        // A half that refuses ends the connection, for the other half may wait for it.
        List<Exception> refusals = [];
        foreach (var (half, connection) in new[] { (asking, near), (accepting, far) })
        {
            try
            {
                await half;
            }
            catch (Exception e) when (e is AuthenticationException or IOException)
            {
                refusals.Add(e);
                connection.Close();
            }
        }

        return (refusals.Count > 0 ? null : serving.RemoteCertificate?.Subject, refusals);
    }
}
