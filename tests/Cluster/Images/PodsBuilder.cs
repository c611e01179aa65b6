using System.Net;

namespace PodExecutor.Tests.Cluster.Images;

/// <summary>
/// The builders of tests/testbed/buildkit.sh listen on loopback: this leads pods there, from the address under which they reach this machine. It can die as a
/// builder does, while the daemon behind it lives on for other tests.
/// </summary>
internal sealed class PodsBuilder : IAsyncDisposable
{
    private readonly MortalProxy _proxy;

    private PodsBuilder(int port) => _proxy = new MortalProxy(IPAddress.Parse(Fixtures.TestCluster.NodeAddress), new IPEndPoint(IPAddress.Loopback, port));

    public string Address => _proxy.Address;

    /// <summary>A builder table for the options file, with mutual TLS.</summary>
    public string Options(string name) => $"""

        [[builders]]
        name = "{name}"
        address = "{Address}"
        ca_file = "{Pki}/ca.crt"
        cert_file = "{Pki}/client.crt"
        key_file = "{Pki}/client.key"
        server_name = "localhost"

        """;

    public static string Pki => Path.Combine(
        Environment.GetEnvironmentVariable("POD_EXECUTOR_CACHE") is { Length: > 0 } given ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "pod-executor"),
        "buildkit", "pki");

    /// <summary>BuildKit 0.25 behind mutual TLS.</summary>
    public static PodsBuilder Start() => new(15225);

    /// <summary>Cuts every build, and answers nobody any more.</summary>
    public void Die() => _proxy.Die();

    public ValueTask DisposeAsync() => _proxy.DisposeAsync();
}
