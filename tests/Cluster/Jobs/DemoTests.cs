using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>The demo's pipeline, by `pod-executor try` as the demo runs it.</summary>
public sealed class DemoTests(TestCluster cluster) : IDisposable
{
    private readonly string _project = Directory.CreateTempSubdirectory("demo-").FullName;

    public void Dispose() => Directory.Delete(_project, recursive: true);

    [Fact]
    public async Task Demo_ThreeJobs_Pass()
    {
        var ns = await cluster.NewNamespaceAsync();
        var demo = Path.GetFullPath(Path.Combine(cluster.Testbed, "../../demo"));
        await Shell.RunAsync("bash", Path.Combine(demo, "deploy-secret.sh"), ns, $"https://{TestCluster.NodeAddress}:16443");
        await Shell.RunAsync("cp", "-r", Path.Combine(demo, ".gitlab-ci.yml"), Path.Combine(demo, "Makefile"), Path.Combine(demo, "src"), _project);
        await GitRepository.CreateAsync(_project);
        var options = Path.Combine(_project, ".git", "options.toml");
        await File.WriteAllTextAsync(options, File.ReadAllText(Path.Combine(demo, "executor.template.toml"))
            .Replace("@KUBECONFIG@", cluster.Kubeconfig, StringComparison.Ordinal)
            .Replace("@NAMESPACE@", ns, StringComparison.Ordinal)
            .Replace("@IMAGE@", "pex/build:12", StringComparison.Ordinal)
            .Replace("@HELPER_IMAGE@", cluster.HelperImage, StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var (code, stdout, stderr) = await Shell.TryAsync(
            cluster.Binary, "--config", options, "try", Path.Combine(_project, ".gitlab-ci.yml"), "--gitlab-address", TestCluster.NodeAddress, "--no-color");

        await cluster.KubectlAsync("delete", "clusterrole,clusterrolebinding", $"pod-executor-demo-{ns}");
        Assert.True(code == 0, stdout + stderr);
        Assert.Contains("\nhello from a pod (4 words)\n", stdout);
        Assert.Contains("\nPONG\n", stdout);
        Assert.Matches(@"\nnode1 +Ready ", stdout);
        Assert.Equal(3, stdout.Split("\nJob succeeded").Length - 1);
        Assert.Matches(@"\| build +\| build +\| .* passed", stdout);
    }
}
