using System.Text.Json;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Operations;

/// <summary>An account with what `pod-executor rbac` prints, and nothing else.</summary>
internal sealed class Account : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("account-");

    private Account(string ns) => Namespace = ns;

    public string Namespace { get; }

    public string Kubeconfig => Path.Combine(_folder.FullName, "kubeconfig");

    /// <param name="parts">job, gc, doctor.</param>
    /// <param name="change">Changes the manifest, for example by taking a verb away.</param>
    public static async Task<Account> CreateAsync(TestCluster cluster, string ns, string[] parts, Func<string, string>? change = null)
    {
        var account = new Account(ns);
        var name = string.Join('-', parts);
        var manifest = await Shell.RunAsync(cluster.Binary, ["rbac", .. parts, "--namespace", ns, "--account", name]);
        var file = Path.Combine(account._folder.FullName, "rbac.yaml");
        await File.WriteAllTextAsync(file, change?.Invoke(manifest) ?? manifest);
        await cluster.KubectlAsync("apply", "-f", file);
        await File.WriteAllTextAsync(account.Kubeconfig, await KubeconfigAsync(cluster, ns, name));
        return account;
    }

    /// <summary>An options file with this account.</summary>
    public string Options(TestCluster cluster, JobRequest request)
    {
        var file = Path.Combine(_folder.FullName, $"options-{Guid.NewGuid():N}.toml");
        File.WriteAllText(file, (request with { Kubeconfig = Kubeconfig, Namespace = request.Namespace ?? Namespace }).ToOptions(cluster));
        return file;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static async Task<string> KubeconfigAsync(TestCluster cluster, string ns, string name)
    {
        // A controller makes the account's token.
        var secret = "";
        await Until.TrueAsync(
            async () => (secret = await cluster.KubectlAsync("get", "serviceaccount", name, "-n", ns, "-o", "jsonpath={.secrets[0].name}")).Length > 0, $"a token for {name}");
        var token = Convert.FromBase64String(await cluster.KubectlAsync("get", "secret", secret, "-n", ns, "-o", "jsonpath={.data.token}"));
        var server = JsonDocument.Parse(await cluster.KubectlAsync("config", "view", "--raw", "--minify", "--flatten", "-o", "json")).RootElement.GetProperty("clusters")[0].GetProperty("cluster");
        return $"""
            apiVersion: v1
            kind: Config
            current-context: account
            contexts:
            - name: account
              context: {"{"}cluster: account, user: account{"}"}
            users:
            - name: account
              user: {"{"}token: "{System.Text.Encoding.UTF8.GetString(token)}"{"}"}
            clusters:
            - name: account
              cluster:
                server: "{server.GetProperty("server").GetString()}"
                certificate-authority-data: "{server.GetProperty("certificate-authority-data").GetString()}"
            """;
    }
}
