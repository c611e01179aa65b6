using PodExecutor.BuildKit;

namespace PodExecutor.Tests.BuildKitClient.Fixtures;

/// <summary>The daemons and registries that tests/testbed/buildkit.sh and registry.sh have brought up.</summary>
internal static class Testbed
{
    public const string Registry = Registries.Open;
    public const string LoginRegistry = Registries.WithLogin;
    public const string TlsRegistry = Registries.WithTls;
    public const string TokenRegistry = Registries.WithTokens;
    public const string User = Registries.User;
    public const string Password = Registries.Password;

    /// <summary>Busybox, in the registry without a login.</summary>
    public const string Base = Registry + "/team/public:1";

    /// <summary>Debian with Perl, in the same registry.</summary>
    public const string Debian = Registry + "/team/debian:12";

    public static string Cache => Registries.Cache;

    public static string Pki => Path.Combine(Cache, "buildkit", "pki");

    public static string TokenServerLog => Path.Combine(Cache, "testbed", "log", "token-server.log");

    public static string Buildx => Path.Combine(Cache, "buildkit", "buildx", "usr", "libexec", "docker", "cli-plugins", "docker-buildx");

    public static string Socket(string version = "0.25") => $"/run/pod-executor-buildkit/{version}/docker.sock";

    public static int Port(string version = "0.25") => version switch { "0.25" => 15125, "0.13" => 15113, _ => 15108 };

    /// <summary>Through Docker's own API socket.</summary>
    public static PodExecutor.BuildKit.BuildKitClient Connect(string version = "0.25") => new(BuildKitEndpoint.Docker(Socket(version)));

    public static IRegistryAuth Login(RegistryTokens tokens = RegistryTokens.OnTheClient, params IEnumerable<string> hosts) =>
        new StaticRegistryAuth(hosts.ToDictionary(host => host, _ => new RegistryCredential(User, Password)), tokens);
}
