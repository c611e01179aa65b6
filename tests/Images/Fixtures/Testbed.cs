namespace PodExecutor.Tests.Images.Fixtures;

/// <summary>The daemons and registries that tests/testbed/buildkit.sh and registry.sh have brought up, and the published agent.</summary>
internal static class Testbed
{
    public const string Registry = Registries.Open;
    public const string LoginRegistry = Registries.WithLogin;
    public const string TokenRegistry = Registries.WithTokens;
    public const string User = Registries.User;
    public const string Password = Registries.Password;

    /// <summary>Busybox, in the registry without a login.</summary>
    public const string Base = Registry + "/team/public:1";

    public const string Builder = "tcp://127.0.0.1:15125";
    public const int TlsPort = 15225;
    public const string OldBuilder = "tcp://127.0.0.1:15108";

    /// <summary>BuildKit 0.13, which has an image store of its own: it knows nothing of what the others have built.</summary>
    public const string OtherBuilder = "tcp://127.0.0.1:15113";

    /// <summary>Debian with Perl, in the registry without a login.</summary>
    public const string Debian = Registry + "/team/debian:12";

    public static string Agent => Environment.GetEnvironmentVariable("POD_AGENT_BINARY") is { Length: > 0 } path
        ? path
        : throw new InvalidOperationException("POD_AGENT_BINARY is not set. These tests are started by ./test.sh, which publishes the binaries.");

    public static string Cache => Registries.Cache;

    public static string Buildx => Path.Combine(Cache, "buildkit", "buildx", "usr", "libexec", "docker", "cli-plugins", "docker-buildx");

    public static string Pki(string file) => File.ReadAllText(Path.Combine(Cache, "buildkit", "pki", file));
}
