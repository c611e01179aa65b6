namespace PodExecutor.Tests.Common;

/// <summary>The registries that tests/testbed/registry.sh brings up.</summary>
internal static class Registries
{
    public const string Open = "127.0.0.1:15000";
    public const string WithLogin = "127.0.0.1:15001";
    public const string WithTls = "tls.registry.test:15002";
    public const string WithTokens = "127.0.0.1:15003";
    public const string User = "ci";
    public const string Password = "registry-password";

    public static string Cache => Environment.GetEnvironmentVariable("POD_EXECUTOR_CACHE") is { Length: > 0 } given ? given
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "pod-executor");

    /// <summary>Who signed the certificate of the one with TLS.</summary>
    public static string Authority => Path.Combine(Cache, "testbed", "registry-tls", "ca.crt");
}
