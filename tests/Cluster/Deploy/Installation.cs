using System.Globalization;
using System.Text.Json;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>
/// The overlay "seed", installed by the commands of docs/install.md, with stand-ins for what comes from registries
/// (tests/testbed/standins.sh) and what a cluster without DNS and without volumes of its own needs besides.
/// </summary>
public sealed class Installation(TestCluster cluster) : IAsyncLifetime
{
    public const string Namespace = "cicd";
    public const string MinioAddress = "10.96.77.77";
    public const string BuilderAddress = "10.96.77.78";

    private readonly string _folder = Directory.CreateTempSubdirectory("installation-").FullName;

    public static string Root => Path.GetFullPath(Path.Combine(Environment.GetEnvironmentVariable("POD_EXECUTOR_TESTBED")!, "../.."));

    /// <summary>The executor's options as the overlay ships them, but for what is the test cluster's own.</summary>
    public string Options { get; private set; } = "";

    public string Overlay => Path.Combine(_folder, "overlay");

    public TestCluster Cluster => cluster;

    public async ValueTask InitializeAsync()
    {
        await RemoveAsync();
        await cluster.ScriptAsync("standins.sh", cluster.Binary);
        await cluster.ScriptAsync("harbor.sh", "up");
        await cluster.ScriptAsync("s3.sh", "up");
        Options = await OptionsAsync();
        await WriteOverlayAsync();
        await VolumesAsync();

        // The team's own Secret, which its options mount.
        await Shell.RunAsync("bash", Path.Combine(Root, "demo/deploy-secret.sh"), Namespace, $"https://{TestCluster.NodeAddress}:16443");
        foreach (var commands in DocumentCommands.Of(await File.ReadAllTextAsync(Path.Combine(Root, "docs/install.md"))).Where(c => !c.Contains(" delete ", StringComparison.Ordinal)))
        {
            await DocumentAsync(commands);
        }
    }

    /// <summary>The page's last command removes everything; what is left fails the run.</summary>
    public async ValueTask DisposeAsync()
    {
        var remove = DocumentCommands.Of(await File.ReadAllTextAsync(Path.Combine(Root, "docs/install.md"))).Single(c => c.Contains(" delete ", StringComparison.Ordinal));
        await DocumentAsync(remove);
        await LeavesNothingAsync();
        await RemoveAsync();
        await cluster.ScriptAsync("harbor.sh", "down");
        Directory.Delete(_folder, recursive: true);
    }

    /// <returns>The name of the manager's pod, once it is ready.</returns>
    public async Task<string> ManagerAsync()
    {
        var name = "";
        await Until.TrueAsync(
            async () =>
            {
                var pods = await cluster.GetAsync(Namespace, "pods", "-l", "app.kubernetes.io/name=runner-manager");
                name = pods.GetProperty("items").EnumerateArray().Where(p => IsReady(p) && !p.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _))
                    .Select(p => p.GetProperty("metadata").GetProperty("name").GetString()!).FirstOrDefault() ?? "";
                return name.Length > 0;
            },
            "a manager to be ready");
        return name;
    }

    public static bool IsDone(JsonElement pod) => pod.GetProperty("status").GetProperty("phase").GetString() == "Succeeded";

    public static bool IsReady(JsonElement pod) => pod.GetProperty("status").TryGetProperty("conditions", out var conditions)
        && conditions.EnumerateArray().Any(c => c.GetProperty("type").GetString() == "Ready" && c.GetProperty("status").GetString() == "True");

    /// <summary>Runs commands of a page where a reader would, with the test's overlay in place of the one that it names.</summary>
    public async Task DocumentAsync(string commands)
    {
        var overlay = Path.GetRelativePath(Root, Overlay);
        var script = $"""
            set -euo pipefail
            cd '{Root}'
            . tests/testbed/env.sh
            export RUNNER_TOKEN=glrt-token-of-the-test CACHE_ACCESS_KEY=$S3_ACCESS_KEY CACHE_SECRET_KEY=$S3_SECRET_KEY
            {commands.Replace("deploy/kubernetes/overlays/seed", overlay, StringComparison.Ordinal)}
            """;
        var (code, stdout, stderr) = await Shell.TryAsync("bash", "-c", script);
        Assert.True(code == 0, $"{commands}\n{stdout}{stderr}{(code == 0 ? "" : await StateAsync())}");
    }

    private async Task<string> OptionsAsync()
    {
        var shipped = await File.ReadAllTextAsync(Path.Combine(Root, "deploy/kubernetes/overlays/seed/cicd/options/config.toml"));
        return shipped.Replace("harbor.local.com/cicd/pod-executor-helper:0.1.0", cluster.HelperImage, StringComparison.Ordinal) + $"""

            # Of the test cluster, which has no DNS.
            [[kubernetes.host_aliases]]
            ip = "{MinioAddress}"
            hostnames = ["minio-service.minio.svc"]
            [[kubernetes.host_aliases]]
            ip = "{BuilderAddress}"
            hostnames = ["buildkitd.cicd.svc", "buildkitd-0.buildkitd.cicd.svc"]

            """;
    }

    private async Task WriteOverlayAsync()
    {
        Directory.CreateDirectory(Overlay);
        var shipped = Path.GetRelativePath(Overlay, Path.Combine(Root, "deploy/kubernetes/overlays/kubernetes-1.20"));
        await File.WriteAllTextAsync(Path.Combine(Overlay, "kustomization.yaml"), $"bases: [{shipped}]\npatchesStrategicMerge: [patches.yaml]\n");
        var patches = await File.ReadAllTextAsync(Path.Combine(Root, "tests/Cluster/Deploy/patches.template.yaml"));
        await File.WriteAllTextAsync(
            Path.Combine(Overlay, "patches.yaml"),
            patches.Replace("@MINIO@", MinioAddress, StringComparison.Ordinal)
                .Replace("@BUILDER@", BuilderAddress, StringComparison.Ordinal)
                .Replace("@NODE@", TestCluster.NodeAddress, StringComparison.Ordinal)
                .Replace("@HARBOR_CA@", Path.Combine(Path.GetDirectoryName(cluster.Kubeconfig)!, "harbor/client"), StringComparison.Ordinal)
                .Replace("@OPTIONS@", Indented(Options), StringComparison.Ordinal));
    }

    /// <summary>The cluster makes no volumes: each claim gets a folder of this machine.</summary>
    private async Task VolumesAsync()
    {
        var yaml = "";
        foreach (var (name, ns, claim, size) in new[] { ("buildkitd", "cicd", "state-buildkitd-0", "50Gi"), ("minio", "minio", "data-minio-0", "100Gi") })
        {
            var folder = Path.Combine(_folder, name);
            Directory.CreateDirectory(folder);
            File.SetUnixFileMode(folder, (UnixFileMode)0x1FF);
            yaml += $$"""
                apiVersion: v1
                kind: PersistentVolume
                metadata: {name: installation-{{name}}}
                spec:
                  capacity: {storage: {{size}}}
                  accessModes: [ReadWriteOnce]
                  hostPath: {path: {{folder}}}
                  claimRef: {name: {{claim}}, namespace: {{ns}}}
                ---

                """;
        }

        var file = Path.Combine(_folder, "volumes.yaml");
        await File.WriteAllTextAsync(file, yaml);
        await cluster.KubectlAsync("apply", "-f", file);
    }

    private async Task LeavesNothingAsync()
    {
        foreach (var ns in new[] { Namespace, "minio" })
        {
            await cluster.GoneAsync($"namespace/{ns}", "default");
        }

        var left = await cluster.KubectlAsync(
            "get", "clusterroles,clusterrolebindings,namespaces,persistentvolumes", "-l", "app.kubernetes.io/part-of=pod-executor", "-o", "name", "--ignore-not-found");
        Assert.Equal("", left);
    }

    /// <summary>What an earlier run that was stopped may have left.</summary>
    private async Task RemoveAsync()
    {
        // A namespace waits for half of its pods' grace before it looks again: pods first.
        foreach (var ns in new[] { Namespace, "minio" })
        {
            await cluster.KubectlAsync("delete", "deployments,statefulsets,cronjobs,jobs", "--all", "-n", ns, "--ignore-not-found");
            await cluster.KubectlAsync("delete", "pods", "--all", "-n", ns, "--ignore-not-found", "--force", "--grace-period=0");
        }

        await cluster.KubectlAsync("delete", "namespace", Namespace, "minio", "--ignore-not-found", "--wait=false");
        await cluster.GoneAsync($"namespace/{Namespace}", "default");
        await cluster.GoneAsync("namespace/minio", "default");
        await cluster.KubectlAsync("delete", "persistentvolume", "installation-buildkitd", "installation-minio", "--ignore-not-found");
        await cluster.KubectlAsync("delete", "clusterrole,clusterrolebinding", $"pod-executor-demo-{Namespace}", "--ignore-not-found");
    }

    private async Task<string> StateAsync()
    {
        var (_, pods, _) = await Shell.TryAsync("kubectl", $"--kubeconfig={cluster.Kubeconfig}", "get", "pods,jobs,events", "-n", Namespace);
        var (_, minio, _) = await Shell.TryAsync("kubectl", $"--kubeconfig={cluster.Kubeconfig}", "get", "pods,jobs,events", "-n", "minio");
        return string.Create(CultureInfo.InvariantCulture, $"\n{pods}\n{minio}");
    }

    private static string Indented(string text) => string.Join('\n', text.Split('\n').Select(l => l.Length > 0 ? $"    {l}" : l));
}
