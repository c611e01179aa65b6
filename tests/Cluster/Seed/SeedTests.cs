using System.Text.RegularExpressions;
using PodExecutor.Tests.Cluster.Deploy;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Seed;

/// <summary>
/// The users' scenario, on the installation: their runner configuration migrated by the product, their pipeline as it is. Maven and their
/// job image are stand-ins (tests/testbed/standins.sh); registry, S3, builder and cluster are real.
/// </summary>
[Collection(nameof(InstalledCollection))]
public sealed partial class SeedTests(Installation installation)
{
    private const string Project = "/tmp/shop";

    private TestCluster Cluster => installation.Cluster;

    private static string Here => Path.Combine(Installation.Root, "tests/Cluster/Seed");

    [Fact]
    public async Task Pipeline_AsTheUsersWroteIt_PassesTwiceAndItsImageRuns()
    {
        var pod = await installation.ManagerAsync();

        // A name that no earlier run of the tests has put into the cache.
        var source = $"shop-{Guid.NewGuid():N}";
        await BringProjectAsync(pod, source, await MigratedOptionsAsync());

        var first = await TryAsync(pod);
        AssertPassed(first);
        Assert.DoesNotContain($"[INFO] Deleting target/classes/{source}.o", first);

        var second = await TryAsync(pod);
        AssertPassed(second);

        // What the first pipeline's mvn left in target/ came from S3 into the second one's.
        Assert.Contains($"[INFO] Deleting target/classes/{source}.o", second);
        Assert.Equal("hello from the team's image\n", await RunImageAsync(Image().Match(second).Value.TrimEnd('.')));
    }

    private static void AssertPassed(string log)
    {
        Assert.Equal(3, log.Split("\nJob succeeded").Length - 1);
        Assert.Contains("[INFO] BUILD SUCCESS", log);
        Assert.Matches(@"\nnode1 +Ready ", log);
    }

    /// <returns>The options that `migrate` makes of the users' file, with the installation's Secrets, and what the cluster has in place of DNS.</returns>
    private async Task<string> MigratedOptionsAsync()
    {
        var folder = Directory.CreateTempSubdirectory("migrated-").FullName;
        try
        {
            await Shell.RunAsync(Cluster.Binary, "migrate", Path.Combine(Here, "given/config-template.toml"), "--output", folder, "--helper-image", Cluster.HelperImage);
            var texts = Directory.GetFiles(folder, "*.toml").Select(File.ReadAllText);
            var options = texts.Single(t => t.Contains("\n[kubernetes]", StringComparison.Ordinal) || t.StartsWith("[kubernetes]", StringComparison.Ordinal));
            Assert.DoesNotContain("containerd.sock", options.Split('\n').Where(l => !l.TrimStart().StartsWith('#')));
            return options.Replace($"{folder}/cache-access-key", "/secrets/cache/access-key", StringComparison.Ordinal)
                .Replace($"{folder}/cache-secret-key", "/secrets/cache/secret-key", StringComparison.Ordinal) + $"""

                [[kubernetes.host_aliases]]
                ip = "{Installation.MinioAddress}"
                hostnames = ["minio-service.minio.svc"]
                [[kubernetes.host_aliases]]
                ip = "{Installation.BuilderAddress}"
                hostnames = ["buildkitd.cicd.svc"]
                [[kubernetes.host_aliases]]
                ip = "{TestCluster.NodeAddress}"
                hostnames = ["harbor.local.com"]

                [[builders]]
                name = "buildkitd"
                address = "tcp://buildkitd.cicd.svc:1234"
                ca_file = "/secrets/buildkitd/ca.crt"
                cert_file = "/secrets/buildkitd/tls.crt"
                key_file = "/secrets/buildkitd/tls.key"

                """;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The team's repository, with their pipeline's very file, in the manager's container.</summary>
    private async Task BringProjectAsync(string pod, string source, string options)
    {
        var folder = Directory.CreateTempSubdirectory("shop-").FullName;
        try
        {
            await Shell.RunAsync("cp", "-r", Path.Combine(Here, "project/."), folder);
            File.Move(Path.Combine(folder, "src/main/c/app.c"), Path.Combine(folder, $"src/main/c/{source}.c"));
            File.Copy(Path.Combine(Here, "given/gitlab-ci.yml"), Path.Combine(folder, ".gitlab-ci.yml"));
            await GitRepository.CreateAsync(folder);
            await File.WriteAllTextAsync(Path.Combine(folder, ".git/options.toml"), options);
            var exec = $"kubectl --kubeconfig={Cluster.Kubeconfig} --namespace={Installation.Namespace} exec -i {pod} --";
            await Shell.RunAsync("bash", "-c", $"""
                set -euo pipefail
                {exec} rm -rf {Project}
                {exec} mkdir -p {Project}
                tar -C {folder} --owner=999 --group=999 --mode=u+rwX,go-rwx -c . | {exec} tar -C {Project} --no-same-owner -x
                """);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<string> TryAsync(string pod)
    {
        var address = (await Cluster.GetAsync(Installation.Namespace, "pod", pod)).GetProperty("status").GetProperty("podIP").GetString()!;
        var (code, stdout, stderr) = await Shell.TryAsync(
            "kubectl", $"--kubeconfig={Cluster.Kubeconfig}", "exec", "-n", Installation.Namespace, pod, "--",
            "pod-executor", "--config", $"{Project}/.git/options.toml", "try", $"{Project}/.gitlab-ci.yml",
            "--gitlab-address", address, "--variable", "HARBOR_PASSWORD=harbor-password", "--no-color");
        Assert.True(code == 0, stdout + stderr);
        return stdout;
    }

    /// <summary>As the team's deployment would: pulled from their registry with a login.</summary>
    private async Task<string> RunImageAsync(string image)
    {
        await Cluster.KubectlAsync(
            "create", "secret", "docker-registry", "harbor", "-n", Installation.Namespace, "--docker-server=harbor.local.com", "--docker-username=admin", "--docker-password=harbor-password");
        await Cluster.KubectlAsync(
            "run", "shop", "-n", Installation.Namespace, $"--image={image}", "--restart=Never", "--overrides", """{"spec": {"imagePullSecrets": [{"name": "harbor"}]}}""");
        await Until.TrueAsync(
            async () => (await Cluster.GetAsync(Installation.Namespace, "pod", "shop")).GetProperty("status").GetProperty("phase").GetString() == "Succeeded",
            $"a pod of {image} to end well");
        return await Cluster.KubectlAsync("logs", "shop", "-n", Installation.Namespace);
    }

    [GeneratedRegex(@"harbor\.local\.com/devops/[\w.-]+:[\w.-]+")]
    private static partial Regex Image();
}
