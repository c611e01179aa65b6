using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>
/// The overlay "external-s3" on the real cluster, with the testbed's S3 server as the one that a team has: what it ships but for addresses,
/// images' names and what Kubernetes 1.20 calls beta. It shares the stand-ins of the installation, so it never runs beside it.
/// </summary>
[Collection(nameof(InstalledCollection))]
public sealed class ExternalS3Tests(Installation installation) : IAsyncLifetime
{
    private const string Namespace = "ci";

    private readonly string _folder = Directory.CreateTempSubdirectory("external-s3-").FullName;

    private TestCluster Cluster => installation.Cluster;

    private string Volume => Path.Combine(_folder, "volume");

    public async ValueTask InitializeAsync()
    {
        await RemoveAsync();
        Directory.CreateDirectory(Volume);
        File.SetUnixFileMode(Volume, (UnixFileMode)0x1FF);
    }

    public async ValueTask DisposeAsync()
    {
        await RemoveAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Overlay_Applied_RunsJobsWithTheCacheInThatS3()
    {
        var server = await S3Server.OpenAsync();
        await Shell.RunAsync("env", "RUNNER_TOKEN=glrt-token-of-the-test", $"CACHE_ACCESS_KEY={S3Server.Login.AccessKey}", $"CACHE_SECRET_KEY={S3Server.Login.SecretKey}",
            "bash", Path.Combine(Installation.Root, "deploy/kubernetes/secrets.sh"), Namespace);
        await ApplyAsync(server);
        await Cluster.KubectlAsync("rollout", "status", "statefulset/buildkitd", "-n", Namespace, "--timeout=120s");
        await Cluster.KubectlAsync("rollout", "status", "deployment/pod-executor", "-n", Namespace, "--timeout=120s");
        var manager = await ProjectAsync();

        var first = await TryAsync(manager);
        var second = await TryAsync(manager);

        Assert.Contains("\nnothing yet\n", first);
        Assert.Contains("\nmade by the first\n", second);

        // The sweeper's account and its mounted keys reach the same store.
        await Cluster.KubectlAsync("create", "job", "cache-gc-now", "--from=cronjob/pod-executor-cache-gc", "-n", Namespace);
        await Until.TrueAsync(
            async () => (await Cluster.GetAsync(Namespace, "job", "cache-gc-now")).GetProperty("status").TryGetProperty("succeeded", out var n) && n.GetInt32() == 1,
            "the sweep of the cache to succeed");
    }

    private async Task ApplyAsync(S3Server server)
    {
        var rendered = await Cluster.KubectlAsync("kustomize", Path.Combine(Installation.Root, "deploy/kubernetes/overlays/external-s3"));
        var here = Changed(ManifestTests.Old(rendered),
            ("registry.example.com/pod-executor/runner:0.1.0", "harbor.local.com/cicd/pod-executor-runner:0.1.0"),
            ("moby/buildkit:v0.25.2", "harbor.local.com/cicd/buildkit:v0.25.2"),
            ("registry.example.com/pod-executor/helper:0.1.0", Cluster.HelperImage),
            ("server_address = \"s3.example.com\"", $"server_address = \"{S3Server.Address}\"\n    insecure = true\n    path_style = true"),
            ("bucket_name = \"gitlab-runner-cache\"", $"bucket_name = \"{S3Server.BucketName}\""),
            ("keep_for = \"720h\"", $"path = \"{server.Folder}\"\n    keep_for = \"720h\""),
            // the node has two cores, and jobs need some
            ("cpu: \"1\"", "cpu: 100m"));
        var volume = $$"""
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: external-s3-buildkitd}
            spec:
              capacity: {storage: 50Gi}
              accessModes: [ReadWriteOnce]
              hostPath: {path: {{Volume}}}
              claimRef: {name: state-buildkitd-0, namespace: {{Namespace}}}

            """;
        var file = Path.Combine(_folder, "applied.yaml");
        await File.WriteAllTextAsync(file, here + volume, TestContext.Current.CancellationToken);
        await Cluster.KubectlAsync("apply", "-f", file);
    }

    private static string Changed(string text, params (string From, string To)[] changes)
    {
        foreach (var (from, to) in changes)
        {
            Assert.Contains(from, text);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return text;
    }

    /// <returns>The manager's pod, in which a project with a cache is now.</returns>
    private async Task<string> ProjectAsync()
    {
        var pods = await Cluster.GetAsync(Namespace, "pods", "-l", "app.kubernetes.io/name=runner-manager");
        var pod = pods.GetProperty("items").EnumerateArray().First(Installation.IsReady).GetProperty("metadata").GetProperty("name").GetString()!;
        await Cluster.KubectlAsync("exec", "-n", Namespace, pod, "--", "bash", "-c", """
            set -e
            mkdir -p /tmp/project
            cd /tmp/project
            cat > .gitlab-ci.yml <<'Y'
            cached:
              image: docker.io/pex/debian:12
              cache: {key: things, paths: [kept/]}
              script:
                - cat kept/note 2> /dev/null || echo nothing yet
                - mkdir -p kept
                - echo made by the first > kept/note
            Y
            git init -q -b main
            git add .
            git -c user.name=test -c user.email=test@localhost commit -q -m 'A cache'
            """);
        return pod;
    }

    private async Task<string> TryAsync(string pod)
    {
        var address = (await Cluster.GetAsync(Namespace, "pod", pod)).GetProperty("status").GetProperty("podIP").GetString()!;
        var log = await Cluster.KubectlAsync(
            "exec", "-n", Namespace, pod, "--", "pod-executor", "try", "/tmp/project/.gitlab-ci.yml", "--gitlab-address", address, "--no-color");
        Assert.Contains("\nJob succeeded", log);
        return log;
    }

    private async Task RemoveAsync()
    {
        await Cluster.KubectlAsync("delete", "deployments,statefulsets,cronjobs,jobs", "--all", "-n", Namespace, "--ignore-not-found");
        await Cluster.KubectlAsync("delete", "pods", "--all", "-n", Namespace, "--ignore-not-found", "--force", "--grace-period=0");
        await Cluster.KubectlAsync("delete", "namespace", Namespace, "--ignore-not-found", "--wait=false");
        await Cluster.GoneAsync($"namespace/{Namespace}", "default");
        await Cluster.KubectlAsync("delete", "persistentvolume", "external-s3-buildkitd", "--ignore-not-found");
    }
}
