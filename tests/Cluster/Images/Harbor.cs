using System.Diagnostics;

namespace PodExecutor.Tests.Cluster.Images;

/// <summary>
/// harbor.local.com of the users' pipelines as the builders see it (tests/testbed/buildkit.sh gives them the name): a registry that knows admin only, on plain HTTP.
/// The cluster's containerd has another registry of that name (harbor.sh), and reaches this one as <see cref="PullName"/>.
/// </summary>
internal sealed class Harbor : IDisposable
{
    public const string Name = "harbor.local.com";
    public const string PullName = "builders-harbor.test";
    public const string User = "admin";
    public const string Password = "harbor-password";
    private const string Address = "127.29.78.1:80";

    private readonly string _root = Directory.CreateTempSubdirectory("harbor-").FullName;
    private readonly string _hosts;
    private readonly Process _registry;

    private Harbor(string hosts, string htpasswd)
    {
        _hosts = hosts;
        File.WriteAllText(Path.Combine(_root, "htpasswd"), $"{User}:{htpasswd}\n");
        File.WriteAllText(Path.Combine(_root, "config.yml"), $$$"""
            version: 0.1
            log: {level: error}
            storage: {filesystem: {rootdirectory: {{{_root}}}/data}}
            http: {addr: "{{{Address}}}"}
            auth: {htpasswd: {realm: harbor, path: {{{_root}}}/htpasswd}}
            """);
        Directory.CreateDirectory(hosts);
        File.WriteAllText(Path.Combine(hosts, "hosts.toml"), $"server = \"http://{Address}\"\n[host.\"http://{Address}\"]\n  capabilities = [\"pull\", \"resolve\"]\n");
        _registry = Process.Start(new ProcessStartInfo("docker-registry", ["serve", Path.Combine(_root, "config.yml")]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _ = _registry.StandardError.ReadToEndAsync();
        _ = _registry.StandardOutput.ReadToEndAsync();
    }

    public static async Task<Harbor> StartAsync()
    {
        // bcrypt, as tests/testbed/registry.sh makes it
        var htpasswd = await Fixtures.Shell.RunAsync("perl", "-e", "print crypt($ARGV[0], '$2y$05$' . 'abcdefghijklmnopqrstuu')", Password);
        var cache = Environment.GetEnvironmentVariable("POD_EXECUTOR_CACHE") is { Length: > 0 } given ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "pod-executor");
        var harbor = new Harbor(Path.Combine(cache, "testbed", "certs.d", PullName), htpasswd.Trim());
        await Until.TrueAsync(async () => (await Fixtures.Shell.TryAsync("curl", "-s", "-o", "/dev/null", $"http://{Address}/v2/")).Code == 0, "the registry that plays harbor");
        return harbor;
    }

    public void Dispose()
    {
        _registry.Kill();
        _registry.WaitForExit();
        _registry.Dispose();
        if (Directory.Exists(_hosts))
        {
            Directory.Delete(_hosts, recursive: true);
        }

        Directory.Delete(_root, recursive: true);
    }
}
