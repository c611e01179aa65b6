using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Operations;

/// <summary>gc with its own generated account, beside a job that runs.</summary>
public sealed class GcTests(TestCluster cluster)
{
    private const string Orphans = """
        apiVersion: v1
        kind: Pod
        metadata:
          name: orphan
          labels: {app.kubernetes.io/managed-by: pod-executor, job.runner.gitlab.com/pod: orphan}
        spec:
          activeDeadlineSeconds: 1
          restartPolicy: Never
          nodeSelector: {no-node: has-this}
          containers: [{name: build, image: "docker.io/pex/busybox:1"}]
        ---
        apiVersion: v1
        kind: Secret
        metadata:
          name: lost-pull
          labels: {app.kubernetes.io/managed-by: pod-executor, job.runner.gitlab.com/pod: lost}
        ---
        apiVersion: v1
        kind: Secret
        metadata:
          name: somebody-elses
        """;

    [Fact]
    public async Task Gc_BesideARunningJob_SweepsTheOrphansAndSparesTheJob()
    {
        var ns = await cluster.NewNamespaceAsync();
        using var account = await Account.CreateAsync(cluster, ns, ["gc"]);
        var options = account.Options(cluster, new JobRequest("true"));
        var request = new JobRequest("true")
        {
            Namespace = ns,
            Credentials = [new PayloadCredential { Type = "registry", Url = "private.registry.test", Username = "ci", Password = "registry-password" }],
        };
        await using var job = new TestJob(cluster, request);
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);
        Assert.True((await session.PrepareAsync(TestContext.Current.CancellationToken)).ExitCode == 0, job.Log.Text);
        await CreateOrphansAsync(ns);

        // The orphan's deadline is a second: gc says so as soon as it and the grace are over.
        await Until.TrueAsync(async () => (await GcAsync(options, "--grace", "1s", "--dry-run")).Contains("would be swept: secret " + ns + "/lost-pull"), "the Secret to be old enough");
        await Until.TrueAsync(async () => (await GcAsync(options, "--grace", "1s", "--dry-run")).Contains("would be swept: pod " + ns + "/orphan"), "the pod to be beyond its deadline");
        var swept = await GcAsync(options, "--grace", "1s");

        Assert.Contains($"swept: pod {ns}/orphan: its deadline passed", swept);
        Assert.Contains("2 swept, 2 left alone.", swept);
        var left = await cluster.KubectlAsync("get", "pods,secrets", "-n", ns, "-o", "name", "--field-selector", "metadata.name!=none");
        Assert.DoesNotContain("orphan", left);
        Assert.DoesNotContain("lost-pull", left);
        Assert.Contains("secret/somebody-elses", left);
        Assert.Contains($"secret/{job.Pod}-pull", left);
        var run = await session.RunAsync("build_script", "echo still here", TestContext.Current.CancellationToken);
        Assert.Equal("still here\n", run.Stdout.Text);
        Assert.Equal(0, (await session.CleanupAsync()).ExitCode);
        await job.NothingIsLeftAsync();
    }

    [Fact]
    public async Task Gc_WithTheJobsAccount_IsRefusedAndSaysWhatIsLacking()
    {
        using var account = await Account.CreateAsync(cluster, await cluster.NewNamespaceAsync(), ["job"]);

        var (code, stdout, stderr) = await Shell.TryAsync(cluster.Binary, "--config", account.Options(cluster, new JobRequest("true")), "gc");

        Assert.Equal(3, code);
        Assert.Contains("cannot list resource \"pods\"", stderr);
        Assert.Contains("pod-executor rbac gc", stdout + stderr);
    }

    private async Task<string> GcAsync(string options, params string[] arguments)
    {
        var (code, stdout, stderr) = await Shell.TryAsync(cluster.Binary, ["--config", options, "gc", .. arguments]);
        Assert.True(code == 0, stdout + stderr);
        return stdout;
    }

    private async Task CreateOrphansAsync(string ns)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, Orphans);
        await cluster.KubectlAsync("apply", "-n", ns, "-f", file);
        File.Delete(file);
    }
}
