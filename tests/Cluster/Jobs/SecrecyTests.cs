using System.Text;
using System.Text.Json;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Jobs;

/// <summary>Where the job's variables are not.</summary>
public sealed class SecrecyTests(TestCluster cluster)
{
    [Fact]
    public async Task Variables_OfARunningJob_AreInNoObjectAndNoProcessArgument()
    {
        var ns = await cluster.NewNamespaceAsync();
        var secret = $"masked-{Guid.NewGuid():N}";
        var plain = $"plain-{Guid.NewGuid():N}";
        var file = $"file-{Guid.NewGuid():N}";
        var request = new JobRequest("echo run'ning' $PLAIN; while [ ! -e /tmp/go ]; do sleep 0.1; done; test -n \"$SECRET\"")
        {
            Namespace = ns,
            Variables = [JobRequest.Variable("SECRET", secret, masked: true), JobRequest.Variable("PLAIN", plain), JobRequest.Variable("A_FILE", file) with { File = true }],
            Services = [new PayloadImage { Name = "docker.io/pex/web:1" }],
        };
        await using var job = new TestJob(cluster, request);
        var running = job.RunAsync();
        await job.Log.SawAsync("\nrunning " + plain);

        var pod = await cluster.KubectlAsync("get", "pod", job.Pod, "-n", ns, "-o", "json");
        var secrets = await cluster.GetAsync(ns, "secrets");
        var arguments = AllProcessArguments();
        await cluster.KubectlAsync("exec", job.Pod, "-n", ns, "-c", "build", "--", "touch", "/tmp/go");
        var outcome = await running;

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Contains("pod-agent", arguments);
        Assert.All([secret, plain, file, job.Payload.Token], value =>
        {
            Assert.DoesNotContain(value, pod);
            Assert.DoesNotContain(value, Decoded(secrets));
            Assert.DoesNotContain(value, arguments);
        });
    }

    [Fact]
    public async Task Pod_OfAJob_HasNoApiTokenAndNoPrivilege()
    {
        var request = new JobRequest("test ! -e /var/run/secrets/kubernetes.io", "grep -i capbnd /proc/self/status", "echo run'ning'; while [ ! -e /tmp/go ]; do sleep 0.1; done");
        await using var job = new TestJob(cluster, request);
        var running = job.RunAsync();
        await job.Log.SawAsync("\nrunning");

        var pod = (await cluster.GetAsync(job.Namespace, "pod", job.Pod)).GetProperty("spec");
        await cluster.KubectlAsync("exec", job.Pod, "-n", job.Namespace, "-c", "build", "--", "touch", "/tmp/go");
        var outcome = await running;

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.False(pod.GetProperty("automountServiceAccountToken").GetBoolean());
        Assert.Equal("Never", pod.GetProperty("restartPolicy").GetString());
        Assert.Equal(job.Payload.RunnerInfo.Timeout, pod.GetProperty("activeDeadlineSeconds").GetInt64(), tolerance: 3600);
        Assert.All(pod.GetProperty("containers").EnumerateArray(), c => Assert.False(c.GetProperty("securityContext").TryGetProperty("privileged", out _)));
    }

    private static string Decoded(JsonElement secrets)
    {
        var text = new StringBuilder(secrets.GetRawText());
        foreach (var item in secrets.GetProperty("items").EnumerateArray())
        {
            foreach (var entry in item.TryGetProperty("data", out var data) ? data.EnumerateObject() : default)
            {
                text.AppendLine(Encoding.UTF8.GetString(Convert.FromBase64String(entry.Value.GetString()!)));
            }
        }

        return text.ToString();
    }

    /// <summary>Of the driver and, since the node is this machine, of every process in the pod.</summary>
    private static string AllProcessArguments()
    {
        var text = new StringBuilder();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
        {
            try
            {
                text.AppendLine(File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' '));
            }
            catch (IOException)
            {
                // It has ended.
            }
        }

        return text.ToString();
    }
}
