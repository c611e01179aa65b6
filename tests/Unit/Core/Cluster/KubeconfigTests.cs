using System.Text;
using PodExecutor.Driver.Cluster;

namespace PodExecutor.Tests.Unit.Core.Cluster;

/// <summary>A kubeconfig as an endpoint that the job file can hold.</summary>
public sealed class KubeconfigTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kubeconfig-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Read_WithDataInside_HoldsItDecoded()
    {
        using var authority = TlsServer.Authority("cluster");
        var endpoint = Read($"{{client-certificate-data: {Base64("the certificate")}, client-key-data: {Base64("the key")}}}", Base64(authority.ExportCertificatePem()));

        Assert.Equal("https://api.example.com:6443/", endpoint.Server.AbsoluteUri);
        Assert.Equal((authority.ExportCertificatePem(), "the certificate", "the key"), (endpoint.Authorities, endpoint.Certificate, endpoint.Key));
        Assert.Equal("inside.example.com", endpoint.ServerName);
        Assert.Null(endpoint.Plugin);
    }

    [Fact]
    public void Read_WithAToken_HoldsIt() => Assert.Equal("s3cret", Read("{token: s3cret}").Token);

    [Fact]
    public void Read_WithAPlugin_NamesTheFileAndDoesNotRunIt()
    {
        var ran = Path.Combine(_directory, "ran");
        var endpoint = Read($"{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: touch, args: [{ran}]}}}}");

        Assert.Equal((Path.Combine(_directory, "config"), "there"), (endpoint.Plugin!.File, endpoint.Plugin.Context));
        Assert.Null(endpoint.Token);
        Assert.False(File.Exists(ran));
    }

    [Fact]
    public async Task Open_WithAPlugin_SendsItsToken()
    {
        using var authority = TlsServer.Authority("cluster");
        await using var server = new TlsServer(TlsServer.Certificate("server", authority, "127.0.0.1"));
        var answer = Path.Combine(_directory, "answer");
        await File.WriteAllTextAsync(
            answer,
            """{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"of-the-plugin"}}""",
            TestContext.Current.CancellationToken);
        var endpoint = Read($"{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: cat, args: [{answer}]}}}}") with
        {
            Server = server.Address,
            ServerName = null,
            Authorities = authority.ExportCertificatePem(),
        };

        using var transport = ApiTransport.Open(endpoint);
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Address);
        using var response = await transport.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Contains("Authorization: Bearer of-the-plugin\n", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    private ApiEndpoint Read(string user, string? authority = null)
    {
        var file = Path.Combine(_directory, "config");
        File.WriteAllText(file, $"""
            apiVersion: v1
            kind: Config
            current-context: elsewhere
            contexts:
            - name: there
              context: {"{"}cluster: c, user: u{"}"}
            users:
            - name: u
              user: {user}
            clusters:
            - name: c
              cluster:
                server: https://api.example.com:6443
                tls-server-name: inside.example.com
                {(authority is null ? "insecure-skip-tls-verify: true" : $"certificate-authority-data: {authority}")}
            """);
        return Kubeconfig.Read(file, "there");
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
