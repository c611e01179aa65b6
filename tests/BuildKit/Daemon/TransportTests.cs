using PodExecutor.BuildKit;
using PodExecutor.Tests.BuildKitClient.Fixtures;

namespace PodExecutor.Tests.BuildKitClient.Daemon;

/// <summary>The ways to a daemon, each with a whole build.</summary>
public sealed class TransportTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static TlsClientOptions Tls(string? serverName = null) =>
        TlsClientOptions.FromPemFiles(Path.Combine(Testbed.Pki, "ca.crt"), Path.Combine(Testbed.Pki, "client.crt"), Path.Combine(Testbed.Pki, "client.key"), serverName);

    private static int TlsPort => Testbed.Port() + 100;

    [Fact]
    public Task Tcp_WithoutTls_Builds() => BuildAsync(BuildKitEndpoint.Parse($"tcp://127.0.0.1:{Testbed.Port()}"));

    [Fact]
    public Task MutualTls_ByAddress_Builds() => BuildAsync(BuildKitEndpoint.Tcp("127.0.0.1", TlsPort, Tls()));

    [Fact]
    public Task MutualTls_ByAnotherName_Builds() => BuildAsync(BuildKitEndpoint.Tcp("127.0.0.1", TlsPort, Tls("buildkit.test")));

    [Fact]
    public Task Stream_OfTheCaller_Builds() => BuildAsync(BuildKitEndpoint.FromStream("a pipe of mine", async token =>
    {
        var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", Testbed.Port(), token);
        return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
    }));

    [Fact]
    public async Task Tls_WithANameThatTheCertificateLacks_IsRefused()
    {
        var error = await Assert.ThrowsAsync<DaemonUnreachableException>(
            () => BuildAsync(BuildKitEndpoint.Tcp("127.0.0.1", TlsPort, Tls("evil.test"))));

        Assert.Contains("certificate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_WithoutTheClientsCertificate_IsRefused()
    {
        var options = TlsClientOptions.FromPemFiles(Path.Combine(Testbed.Pki, "ca.crt"), null, null);

        await Assert.ThrowsAsync<DaemonUnreachableException>(() => BuildAsync(BuildKitEndpoint.Tcp("127.0.0.1", TlsPort, options)));
    }

    [Fact]
    public async Task Docker_EndpointThatIsNone_IsSaid()
    {
        // docker-registry speaks HTTP and knows no /grpc
        var error = await Assert.ThrowsAsync<DaemonUnreachableException>(() => BuildAsync(BuildKitEndpoint.Parse("docker+tcp://" + Testbed.Registry)));

        Assert.Contains("POST /grpc", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Builds_AtTheSameTime_ShareAClient()
    {
        await using var client = Testbed.Connect();
        var projects = Enumerable.Range(0, 6).Select(i =>
        {
            var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
            project.Write("greeting", $"{i}");
            return project;
        }).ToArray();

        await Task.WhenAll(projects.Select(project => client.SolveAsync(project.Request(null, Export.Local(project.Out("result"))), cancellation: Token)));

        Assert.Equal(["0", "1", "2", "3", "4", "5"], projects.Select(project => File.ReadAllText(project.Out("result/greeting"))));
        Array.ForEach(projects, project => project.Dispose());
    }

    private static async Task BuildAsync(BuildKitEndpoint endpoint)
    {
        using var project = new Project("FROM scratch\nCOPY greeting /greeting\n");
        project.Write("greeting", "hello");
        await using var client = new PodExecutor.BuildKit.BuildKitClient(endpoint);

        await client.SolveAsync(project.Request(null, Export.Local(project.Out("result"))), cancellation: Token);

        Assert.Equal("hello", File.ReadAllText(project.Out("result/greeting")));
    }
}
