using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>What `kubectl apply -k` brings up. That its deletion leaves nothing is asserted by the fixture, at the end.</summary>
[Collection(nameof(InstalledCollection))]
public sealed class InstallationTests(Installation installation)
{
    private static readonly string[] JobsWork = ["buildkitd-certificates", "minio-bucket"];

    private TestCluster Cluster => installation.Cluster;

    [Fact]
    public async Task Pods_OfTheInstallation_AreReadyOrDone()
    {
        foreach (var ns in new[] { Installation.Namespace, "minio" })
        {
            await Until.TrueAsync(
                async () =>
                {
                    var pods = (await Cluster.GetAsync(ns, "pods", "-l", "app.kubernetes.io/part-of=pod-executor")).GetProperty("items").EnumerateArray().ToList();
                    return pods.Count > 0 && pods.TrueForAll(p => Installation.IsDone(p) || Installation.IsReady(p));
                },
                $"every pod of {ns} to be ready");
        }
    }

    [Fact]
    public async Task Manager_FourCallsFromWithin_RunAJobWithItsOwnAccount()
    {
        var pod = await installation.ManagerAsync();
        var address = (await Cluster.GetAsync(Installation.Namespace, "pod", pod)).GetProperty("status").GetProperty("podIP").GetString()!;
        await Cluster.KubectlAsync("exec", "-n", Installation.Namespace, pod, "--", "bash", "-c", """
            set -e
            rm -rf /tmp/project
            mkdir -p /tmp/project
            cd /tmp/project
            printf 'hello:\n  image: docker.io/pex/debian:12\n  script: [cat greeting.txt, "id -un || true"]\n' > .gitlab-ci.yml
            echo 'hello from the manager' > greeting.txt
            git init -q -b main
            git add .
            git -c user.name=test -c user.email=test@localhost commit -q -m 'A greeting'
            """);

        var log = await Cluster.KubectlAsync(
            "exec", "-n", Installation.Namespace, pod, "--", "pod-executor", "try", "/tmp/project/.gitlab-ci.yml", "--gitlab-address", address, "--no-color");

        Assert.Contains("\nhello from the manager\n", log);
        Assert.Contains("\nJob succeeded", log);
        var left = (await Cluster.GetAsync(Installation.Namespace, "pods,secrets", "-l", "app.kubernetes.io/managed-by=pod-executor")).GetProperty("items");
        Assert.All(left.EnumerateArray(), o => Assert.True(o.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _)));
    }

    [Fact]
    public async Task Manager_TokenOfTheSecret_IsInItsConfigurationInMemoryOnly()
    {
        var pod = await installation.ManagerAsync();

        var config = await Cluster.KubectlAsync("exec", "-n", Installation.Namespace, pod, "--", "cat", "/etc/gitlab-runner/config.toml");
        var mounted = await Cluster.KubectlAsync("exec", "-n", Installation.Namespace, pod, "--", "stat", "-f", "-c", "%T", "/etc/gitlab-runner");

        Assert.Contains("token = \"glrt-token-of-the-test\"", config);
        Assert.Equal("tmpfs", mounted.Trim());
        foreach (var ns in new[] { Installation.Namespace, "minio" })
        {
            Assert.DoesNotContain("glrt-token-of-the-test", await Cluster.KubectlAsync("get", "configmaps,pods,deployments,statefulsets,jobs", "-n", ns, "-o", "yaml"));
        }
    }

    [Fact]
    public async Task Manager_Deleted_EndsByItself()
    {
        var pod = await installation.ManagerAsync();

        // An hour's grace: a container that did not heed its stop signal would still be there.
        await Cluster.KubectlAsync("delete", "pod", pod, "-n", Installation.Namespace, "--wait=false");

        await Cluster.GoneAsync($"pod/{pod}", Installation.Namespace);
    }

    [Fact]
    public async Task Gc_OfTheCronJob_RunsWithItsOwnAccount()
    {
        await Cluster.KubectlAsync("create", "job", "gc-now", "--from=cronjob/pod-executor-gc", "-n", Installation.Namespace);

        await Until.TrueAsync(
            async () => (await Cluster.GetAsync(Installation.Namespace, "job", "gc-now")).GetProperty("status").TryGetProperty("succeeded", out var n) && n.GetInt32() == 1,
            "the gc job to succeed");
    }

    [Fact]
    public async Task Certificates_AppliedAgain_StayTheSame()
    {
        var before = await Cluster.KubectlAsync("get", "secrets", "buildkitd-ca", "buildkitd-server", "buildkitd-client", "-n", Installation.Namespace, "-o", "jsonpath={.items[*].data}");
        await Cluster.KubectlAsync("delete", "jobs", "--all", "-n", Installation.Namespace);

        await Cluster.KubectlAsync("apply", "-k", installation.Overlay);

        await Until.TrueAsync(
            async () => (await Cluster.GetAsync(Installation.Namespace, "job", JobsWork[0])).GetProperty("status").TryGetProperty("succeeded", out _),
            "the certificates' job to succeed again");
        Assert.Equal(before, await Cluster.KubectlAsync("get", "secrets", "buildkitd-ca", "buildkitd-server", "buildkitd-client", "-n", Installation.Namespace, "-o", "jsonpath={.items[*].data}"));
    }

    [Fact]
    public async Task UpgradePage_Commands_ApplyToARunningInstallation()
    {
        foreach (var commands in DocumentCommands.Of(await File.ReadAllTextAsync(Path.Combine(Installation.Root, "docs/upgrade.md"), TestContext.Current.CancellationToken)))
        {
            await installation.DocumentAsync(commands);
        }

        Assert.NotEmpty(await installation.ManagerAsync());
    }
}
