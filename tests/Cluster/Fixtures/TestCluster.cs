using System.Text.Json;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>The real cluster that test.sh brought up, and the namespace of this run of the tests in it.</summary>
public sealed class TestCluster : IAsyncLifetime
{
    /// <summary>Under which pods reach this machine, and the API server too (tests/testbed/env.sh).</summary>
    public const string NodeAddress = "10.244.0.1";

    private readonly List<string> _namespaces = [];

    public string Binary { get; } = Given("POD_EXECUTOR_BINARY");

    public string HelperImage { get; } = Given("POD_EXECUTOR_HELPER_IMAGE");

    public string Kubeconfig { get; } = Given("KUBECONFIG");

    public string Testbed { get; } = Given("POD_EXECUTOR_TESTBED");

    public string AuditLog { get; } = Given("POD_EXECUTOR_AUDIT_LOG");

    public string Namespace { get; private set; } = "";

    public async ValueTask InitializeAsync() => Namespace = await NewNamespaceAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _namespaces)
        {
            await KubectlAsync("delete", "namespace", name, "--wait=false");
        }
    }

    /// <summary>A namespace in which pods can be created; it goes when all tests have run.</summary>
    public async Task<string> NewNamespaceAsync()
    {
        var name = $"test-{Guid.NewGuid().ToString("N")[..8]}";
        await KubectlAsync("create", "namespace", name);
        _namespaces.Add(name);

        // Without it the API server refuses every pod; a controller makes it.
        await Until.TrueAsync(async () => (await Shell.TryAsync("kubectl", "get", "serviceaccount", "default", "-n", name)).Code == 0, "default service account");
        return name;
    }

    public Task<string> KubectlAsync(params string[] arguments) => Shell.RunAsync("kubectl", [$"--kubeconfig={Kubeconfig}", .. arguments]);

    public async Task<JsonElement> GetAsync(string ns, params string[] what) =>
        JsonDocument.Parse(await KubectlAsync(["get", "-n", ns, "-o", "json", .. what])).RootElement;

    /// <summary>Waits, by a watch, until the object is not there, and fails if it stays.</summary>
    public async Task GoneAsync(string thing, string ns)
    {
        if ((await KubectlAsync("get", thing, "-n", ns, "--ignore-not-found", "-o", "name")).Length > 0)
        {
            await Until.TrueAsync(
                async () => (await Shell.TryAsync("kubectl", $"--kubeconfig={Kubeconfig}", "wait", "--for=delete", thing, "-n", ns, "--timeout=30s")).Code == 0,
                $"{thing} to go");
        }
    }

    public Task ScriptAsync(string script, params string[] arguments) => Shell.RunAsync("bash", [Path.Combine(Testbed, script), .. arguments]);

    private static string Given(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{variable} is not set. These tests are started by ./test.sh, which brings the cluster up.");
}
