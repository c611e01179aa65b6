using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Settings;

/// <summary>The operator's volumes and host names inside a job.</summary>
public sealed class VolumeTests(TestCluster cluster)
{
    [Fact]
    public async Task SecretAndConfigMap_OfTheNamespace_AreMounted()
    {
        var ns = await cluster.NewNamespaceAsync();
        await cluster.KubectlAsync("create", "secret", "generic", "deploy", "-n", ns, "--from-literal=token=from-a-secret", "--from-literal=other=x");
        await cluster.KubectlAsync("create", "configmap", "company", "-n", ns, "--from-literal=ca.crt=from-a-config-map");
        var request = new JobRequest("cat /secrets/renamed /company/ca.crt; ls /secrets", "if touch /secrets/x 2> /dev/null; then exit 9; fi")
        {
            Namespace = ns,
            Options = """
                [[kubernetes.volumes.secret]]
                name = "deploy"
                mount_path = "/secrets"
                read_only = true
                items = { token = "renamed" }
                [[kubernetes.volumes.config_map]]
                name = "$COMPANY"
                mount_path = "/company"
                """,
            Variables = [JobRequest.Variable("COMPANY", "company")],
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("from-a-secretfrom-a-config-map", job.Log.Text);
    }

    [Fact]
    public async Task BuildsDirectory_OnAVolumeWithTwoJobsAtOnce_IsSharedWithoutClashes()
    {
        // A claim on a node's disk, as far as the job can tell.
        var folder = Directory.CreateTempSubdirectory("builds-");
        try
        {
            JobRequest Request(string name) => new($"pwd; echo {name} > mark; echo read'y' {name}; while [ ! -e /tmp/go ]; do sleep 0.1; done; cat mark")
            {
                Options = $"[[kubernetes.volumes.host_path]]\nname = \"builds\"\nmount_path = \"/builds\"\nhost_path = \"{folder.FullName}\"",
            };
            await using var first = new TestJob(cluster, Request("first"));
            await using var second = new TestJob(cluster, Request("second"));
            second.Runner = second.Runner with { ConcurrentId = 1, ConcurrentProjectId = 1 };
            var both = Task.WhenAll(first.RunAsync(), second.RunAsync());
            await first.Log.SawAsync("\nready first");
            await second.Log.SawAsync("\nready second");

            foreach (var job in new[] { first, second })
            {
                await cluster.KubectlAsync("exec", job.Pod, "-n", job.Namespace, "-c", "build", "--", "touch", "/tmp/go");
            }

            Assert.All(await both, outcome => Assert.Equal(JobResult.Success, outcome.Result));
            Assert.EndsWith("first\n", Output(first));
            Assert.EndsWith("second\n", Output(second));
            Assert.Equal(2, folder.GetFiles("mark", SearchOption.AllDirectories).Length);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        static string Output(TestJob job)
        {
            var text = job.Log.Text[job.Log.Text.IndexOf("\nready", StringComparison.Ordinal)..];
            return text[..(text.IndexOf('\n', text.IndexOf('\n', 1) + 1) + 1)];
        }
    }

    [Fact]
    public async Task HostAlias_OfTheOperator_IsResolved()
    {
        var request = new JobRequest("getent hosts gitlab.corp.test") { Options = "[[kubernetes.host_aliases]]\nip = \"192.0.2.7\"\nhostnames = [\"gitlab.corp.test\"]" };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("192.0.2.7", job.Log.Text);
    }

    [Fact]
    public async Task Patch_OfTheOperator_IsInThePod()
    {
        var request = new JobRequest("echo $FROM_PATCH; ls -d /more") { Options = """
            [[kubernetes.pod_spec]]
            name = "more"
            patch_type = "strategic"
            patch = '''
            containers:
            - name: build
              env: [{name: FROM_PATCH, value: patched}]
              volumeMounts: [{name: more, mountPath: /more}]
            volumes: [{name: more, emptyDir: {}}]
            '''
            """ };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("\npatched\n/more\n", job.Log.Text);
    }
}
