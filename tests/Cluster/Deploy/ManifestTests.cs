using System.Text.RegularExpressions;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>deploy/kubernetes: every overlay is what the API server takes, by the oldest kustomize and by a current one.</summary>
public sealed partial class ManifestTests(TestCluster cluster)
{
    private const string Overlays = "deploy/kubernetes/overlays";
    private static readonly string[] Names = ["minimal", "external-s3", "rootless", "seed", "kubernetes-1.20", "cert-manager"];

    public static TheoryData<string> All => [.. Names];

    [Theory]
    [MemberData(nameof(All))]
    public async Task Overlay_ByOldAndNewKustomize_IsTheSameObjects(string overlay)
    {
        var folder = Path.Combine(Installation.Root, Overlays, overlay);
        var kustomize = (await Shell.RunAsync("bash", Path.Combine(cluster.Testbed, "kustomize.sh"))).Trim();

        var old = Manifests.Read(await cluster.KubectlAsync("kustomize", folder));
        var current = Manifests.Read(await Shell.RunAsync(kustomize, "build", folder));

        Assert.Equal(old.Keys.Order(StringComparer.Ordinal), current.Keys.Order(StringComparer.Ordinal));
        Assert.All(old, o => Assert.Equal(o.Value, current[o.Key]));
    }

    [Theory]
    [InlineData("minimal")]
    [InlineData("external-s3")]
    [InlineData("rootless")]
    public async Task Overlay_ByTheApiServer_IsValid(string overlay)
    {
        // The overlays name their namespaces: the server looks for them also when it only pretends.
        var ns = await cluster.NewNamespaceAsync();
        var rendered = await cluster.KubectlAsync("kustomize", Path.Combine(Installation.Root, Overlays, overlay));
        var file = Path.GetTempFileName();
        try
        {
            var here = Old(rendered).Replace("namespace: ci\n", $"namespace: {ns}\n", StringComparison.Ordinal).Replace("  name: ci\n", $"  name: {ns}\n", StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, here, TestContext.Current.CancellationToken);

            var answer = await cluster.KubectlAsync("apply", "--dry-run=server", "-f", file);

            Assert.Equal(Manifests.Read(here).Count, answer.Split('\n').Count(l => l.EndsWith("(server dry run)", StringComparison.Ordinal)));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task PausePods_OnTheCluster_RunBelowEveryJob()
    {
        var ns = await cluster.NewNamespaceAsync();
        var file = Path.GetTempFileName();
        try
        {
            var rendered = await cluster.KubectlAsync("kustomize", Path.Combine(Installation.Root, "deploy/kubernetes/parts/pause-pods"));
            await File.WriteAllTextAsync(
                file, rendered.Replace("registry.example.com/pause:3.10", "pex/pause:1", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            await cluster.KubectlAsync("apply", "-n", ns, "-f", file);
            await cluster.KubectlAsync("rollout", "status", "deployment/pod-executor-pause", "-n", ns, "--timeout=90s");

            var pods = await cluster.KubectlAsync("get", "pods", "-n", ns, "-o", "jsonpath={.items[*].spec.priority}");
            Assert.Equal("-10 -10", pods);
        }
        finally
        {
            await Shell.TryAsync("kubectl", $"--kubeconfig={cluster.Kubeconfig}", "delete", "-n", ns, "-f", file, "--wait=false");
            File.Delete(file);
        }
    }

    [Fact]
    public async Task OverlayForOldClusters_ButForVersions_IsTheSeed()
    {
        var seed = await cluster.KubectlAsync("kustomize", Path.Combine(Installation.Root, Overlays, "seed"));
        var old = await cluster.KubectlAsync("kustomize", Path.Combine(Installation.Root, Overlays, "kubernetes-1.20"));

        Assert.NotEqual(seed, old);
        Assert.Equal(Manifests.Read(Old(seed)), Manifests.Read(old));
    }

    [Fact]
    public async Task OptionsAndRunners_OfEveryOverlay_AreReadByTheExecutor()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Installation.Root, Overlays), "config.toml", SearchOption.AllDirectories))
        {
            // Reads the options strictly, and asks no cluster.
            await Shell.RunAsync(cluster.Binary, "--config", file, "rbac");
        }
    }

    [Fact]
    public async Task Pods_OfEveryOverlay_RunWithoutPrivilegeButForTheBuilder()
    {
        foreach (var overlay in Names)
        {
            var objects = Manifests.Read(await cluster.KubectlAsync("kustomize", Path.Combine(Installation.Root, Overlays, overlay)));

            var privileged = objects.Where(o => o.Value.Contains("\"privileged\":true", StringComparison.Ordinal)).Select(o => o.Key.Split('/')[0] + "/" + o.Key.Split('/')[^1]);

            Assert.Equal(overlay is "minimal" or "rootless" ? [] : ["StatefulSet/buildkitd"], privileged);
        }
    }

    /// <summary>In the versions that Kubernetes 1.20 has.</summary>
    internal static string Old(string manifests) =>
        OldBudget().Replace(OldCronJob().Replace(manifests, "apiVersion: batch/v1beta1\nkind: CronJob\n"), "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n");

    [GeneratedRegex("^apiVersion: batch/v1\nkind: CronJob\n", RegexOptions.Multiline)]
    private static partial Regex OldCronJob();

    [GeneratedRegex("^apiVersion: policy/v1\nkind: PodDisruptionBudget\n", RegexOptions.Multiline)]
    private static partial Regex OldBudget();
}
