using System.Security.Cryptography.X509Certificates;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Tests.Unit.Core.Cluster;

/// <summary>Whom the API client trusts, and what it says of itself.</summary>
public sealed class ApiTransportTests : IDisposable
{
    private static readonly X509Certificate2 Authority = TlsServer.Authority("cluster");

    private readonly string _directory = Directory.CreateTempSubdirectory("api-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Request_ToAServerOfTheAuthority_IsAnswered()
    {
        await using var server = new TlsServer(TlsServer.Certificate("server", Authority, "127.0.0.1"));

        Assert.Equal("ok", await GetAsync(Endpoint(server)));
    }

    [Fact]
    public async Task Request_ToAServerOfAnotherAuthority_FailsAndSendsNothing()
    {
        await using var server = new TlsServer(TlsServer.Certificate("server", TlsServer.Authority("cluster"), "127.0.0.1"));

        var e = await Assert.ThrowsAsync<ApiException>(() => GetAsync(Endpoint(server) with { Token = "s3cret" }));

        Assert.Null(e.Status);
        Assert.Contains("certificate", e.Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Request_ToAServerOfAnotherName_FailsAndSendsNothing()
    {
        await using var server = new TlsServer(TlsServer.Certificate("server", Authority, "other.example.com"));

        await Assert.ThrowsAsync<ApiException>(() => GetAsync(Endpoint(server) with { Token = "s3cret" }));

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Request_WithTheServersName_IsAnswered()
    {
        await using var server = new TlsServer(TlsServer.Certificate("server", Authority, "other.example.com"));

        Assert.Equal("ok", await GetAsync(Endpoint(server) with { ServerName = "other.example.com" }));
    }

    [Fact]
    public async Task Request_WithAnIntermediateAsAuthority_IsAnswered()
    {
        var intermediate = TlsServer.Authority("intermediate", TlsServer.Authority("root"));
        await using var server = new TlsServer(TlsServer.Certificate("server", intermediate, "127.0.0.1"), intermediate);

        Assert.Equal("ok", await GetAsync(Endpoint(server) with { Authorities = intermediate.ExportCertificatePem() }));
        await Assert.ThrowsAsync<ApiException>(() => GetAsync(Endpoint(server)));
    }

    [Fact]
    public async Task Request_WithTwoAuthorities_IsAnsweredForEither()
    {
        await using var server = new TlsServer(TlsServer.Certificate("server", Authority, "127.0.0.1"));
        var both = TlsServer.Authority("before").ExportCertificatePem() + "\n" + Authority.ExportCertificatePem();

        Assert.Equal("ok", await GetAsync(Endpoint(server) with { Authorities = both }));
    }

    [Fact]
    public async Task Request_Insecure_IsAnsweredByAnyServer()
    {
        await using var server = new TlsServer(TlsServer.Certificate("server", TlsServer.Authority("other"), "other.example.com"));

        Assert.Equal("ok", await GetAsync(Endpoint(server) with { Authorities = null, Insecure = true }));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Request_WithAClientCertificate_ShowsIt(bool asFiles)
    {
        using var client = TlsServer.Certificate("runner", Authority, "runner");
        var (certificate, key) = (client.ExportCertificatePem(), client.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        await using var server = new TlsServer(TlsServer.Certificate("server", Authority, "127.0.0.1"));
        var endpoint = asFiles
            ? Endpoint(server) with { CertificateFile = Write("client.crt", certificate), KeyFile = Write("client.key", key) }
            : Endpoint(server) with { Certificate = certificate, Key = key };

        await GetAsync(endpoint);

        Assert.Equal("CN=runner", server.ClientSubject);
    }

    [Fact]
    public async Task Request_AfterTheTokenFileHasChanged_HasTheNewToken()
    {
        await using var server = new TlsServer(TlsServer.Certificate("server", Authority, "127.0.0.1"));
        var file = Write("token", "first\n");
        using var api = Client(Endpoint(server) with { TokenFile = file });

        await api.GetTextAsync("version", TestContext.Current.CancellationToken);
        Write("token", "second\n");
        await api.GetTextAsync("version", TestContext.Current.CancellationToken);

        Assert.Contains("Authorization: Bearer first\n", server.Requests[0], StringComparison.Ordinal);
        Assert.Contains("Authorization: Bearer second\n", server.Requests[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_WithAToken_TellsTokenAndProduct()
    {
        await using var server = new TlsServer(TlsServer.Certificate("server", Authority, "127.0.0.1"));

        await GetAsync(Endpoint(server) with { Token = "of-the-job-file" });

        var request = Assert.Single(server.Requests);
        Assert.Contains("Authorization: Bearer of-the-job-file\n", request, StringComparison.Ordinal);
        Assert.Contains("User-Agent: pod-executor/", request, StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static ApiEndpoint Endpoint(TlsServer server) => new() { Server = server.Address, Authorities = Authority.ExportCertificatePem() };

    private static ApiClient Client(ApiEndpoint endpoint) =>
        new(ApiTransport.Open(endpoint), new Retry(TimeSpan.Zero, TimeProvider.System), TimeSpan.FromSeconds(30), TimeProvider.System);

    private static async Task<string> GetAsync(ApiEndpoint endpoint)
    {
        using var api = Client(endpoint);
        return await api.GetTextAsync("version", TestContext.Current.CancellationToken);
    }
}
