namespace PodExecutor.Tests.Images.Fixtures;

/// <summary>The daemons and registries that tests/testbed/buildkit.sh and registry.sh have brought up, and the published agent.</summary>
internal static class Testbed
{
    public const string Registry = "127.0.0.1:15000";
    public const string LoginRegistry = "127.0.0.1:15001";
    public const string TokenRegistry = "127.0.0.1:15003";
    public const string User = "ci";
    public const string Password = "registry-password";

    /// <summary>Busybox, in the registry without a login.</summary>
    public const string Base = Registry + "/team/public:1";

    public const string Builder = "tcp://127.0.0.1:15125";
    public const int TlsPort = 15225;
    public const string OldBuilder = "tcp://127.0.0.1:15108";

    public static string Agent => Environment.GetEnvironmentVariable("POD_AGENT_BINARY") is { Length: > 0 } path
        ? path
        : throw new InvalidOperationException("POD_AGENT_BINARY is not set. These tests are started by ./test.sh, which publishes the binaries.");

    public static string Cache => Environment.GetEnvironmentVariable("POD_EXECUTOR_CACHE") is { Length: > 0 } cache
        ? cache
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "pod-executor");

    public static string Buildx => Path.Combine(Cache, "buildkit", "buildx", "usr", "libexec", "docker", "cli-plugins", "docker-buildx");

    public static string Pki(string file) => File.ReadAllText(Path.Combine(Cache, "buildkit", "pki", file));
}
