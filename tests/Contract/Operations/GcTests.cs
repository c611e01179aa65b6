using System.Globalization;
using System.Text.Json.Nodes;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract.Operations;

/// <summary>The published gc against a fake API server: what it deletes, what it leaves, and that it never reads a Secret.</summary>
public class GcTests
{
    [Fact]
    public async Task Gc_SweepsTheDeadAndSparesTheLiving()
    {
        await using var cluster = await FakeCluster.StartAsync();
        Populate(cluster);
        using var job = new ContractJob(cluster);

        var (code, stdout, stderr) = await Operator.RunAsync("--config", job.OptionsFile, "gc");

        Assert.Equal((0, ""), (code, stderr));
        Assert.Equal(["pods/living", "secrets/living-pull", "secrets/young-pull"], cluster.Objects.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("swept: pod ci/dead: its deadline passed 3 h 1 min ago, and it is Running", stdout);
        Assert.Contains("swept: secret ci/orphan-pull", stdout);
        Assert.Contains("3 swept, 3 left alone.", stdout);
    }

    [Fact]
    public async Task Gc_DryRun_DeletesNothing()
    {
        await using var cluster = await FakeCluster.StartAsync();
        Populate(cluster);
        using var job = new ContractJob(cluster);

        var (code, stdout, _) = await Operator.RunAsync("--config", job.OptionsFile, "gc", "--dry-run");

        Assert.Equal(0, code);
        Assert.Equal(6, cluster.Objects.Count);
        Assert.Contains("would be swept: pod ci/dead", stdout);
        Assert.Contains("left alone: pod ci/living: its job may run for another", stdout);
        Assert.DoesNotContain(cluster.Requests, r => r.StartsWith("DELETE", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Gc_ThatMayNotListSecrets_SweepsPodsAndSaysSo()
    {
        await using var cluster = await FakeCluster.StartAsync();
        Populate(cluster);
        cluster.Fault = async (asked, context) =>
        {
            if (asked == "GET secrets")
            {
                await FakeCluster.RefuseAsync(context, 403, "Forbidden", "may not");
            }

            return asked == "GET secrets";
        };
        using var job = new ContractJob(cluster);

        var (code, stdout, _) = await Operator.RunAsync("--config", job.OptionsFile, "gc");

        Assert.Equal(0, code);
        Assert.Contains("Secrets are left out", stdout);
        Assert.DoesNotContain("pods/dead", cluster.Objects.Keys);
    }

    [Fact]
    public async Task Gc_AsksForTheSecretsMetadataOnly()
    {
        await using var cluster = await FakeCluster.StartAsync();
        var accepted = "";
        cluster.Fault = (asked, context) =>
        {
            accepted = asked == "GET secrets" ? context.Request.Headers.Accept.ToString() : accepted;
            return Task.FromResult(false);
        };
        using var job = new ContractJob(cluster);

        await Operator.RunAsync("--config", job.OptionsFile, "gc");

        Assert.Equal("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", accepted);
    }

    [Fact]
    public async Task Gc_WhosePodWasMadeAnewMeanwhile_LeavesTheNewOne()
    {
        await using var cluster = await FakeCluster.StartAsync();
        Populate(cluster);
        cluster.Fault = (asked, _) =>
        {
            if (asked == "DELETE pods/dead")
            {
                // The job was tried again between the look and the deletion.
                cluster.Objects["pods/dead"]["metadata"]!["uid"] = "another";
            }

            return Task.FromResult(false);
        };
        using var job = new ContractJob(cluster);

        var (code, stdout, _) = await Operator.RunAsync("--config", job.OptionsFile, "gc");

        Assert.Equal(0, code);
        Assert.Contains("pods/dead", cluster.Objects.Keys);
        Assert.Contains("left alone: pod ci/dead: it has changed meanwhile", stdout);
    }

    [Fact]
    public async Task Gc_ThatMayNotDelete_FailsAndNamesWhat()
    {
        await using var cluster = await FakeCluster.StartAsync();
        Populate(cluster);
        cluster.Fault = async (asked, context) =>
        {
            var refused = asked.StartsWith("DELETE pods/", StringComparison.Ordinal);
            if (refused)
            {
                await FakeCluster.RefuseAsync(context, 403, "Forbidden", "the server's reason");
            }

            return refused;
        };
        using var job = new ContractJob(cluster);

        var (code, stdout, _) = await Operator.RunAsync("--config", job.OptionsFile, "gc");

        Assert.Equal(1, code);
        Assert.Contains("could not be deleted: pod ci/dead: the server's reason", stdout);
    }

    [Fact]
    public async Task Gc_WithANamespacePerJob_SweepsThoseWithoutALivingPod()
    {
        await using var cluster = await FakeCluster.StartAsync();
        Add(cluster, "pods", "living", "living", hoursOld: 0, phase: "Running");
        cluster.Objects["pods/living"]["metadata"]!["namespace"] = "ci-job-2";
        foreach (var name in new[] { "ci-job-1", "ci-job-2", "production" })
        {
            Add(cluster, "namespaces", name, name, hoursOld: 4);
            cluster.Objects["namespaces/" + name]["metadata"]!.AsObject().Remove("namespace");
        }

        using var job = new ContractJob(cluster, "namespace_per_job = true");

        var (code, stdout, stderr) = await Operator.RunAsync("--config", job.OptionsFile, "gc");

        Assert.Equal((0, ""), (code, stderr));
        Assert.Equal(["namespaces/ci-job-2", "namespaces/production", "pods/living"], cluster.Objects.Keys.Order(StringComparer.Ordinal));
        Assert.Contains("swept: namespace ci-job-1: its pod is not there", stdout);
    }

    [Fact]
    public async Task Gc_WithAGraceThatIsNone_RefusesBeforeItAsks()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);

        var (code, _, stderr) = await Operator.RunAsync("--config", job.OptionsFile, "gc", "--grace", "soon");

        Assert.Equal(3, code);
        Assert.Contains("--grace: \"soon\" is no duration", stderr);
        Assert.Empty(cluster.Requests);
    }

    /// <summary>A pod whose deadline is long over, one that ended, one that lives; a Secret without a pod, a young one, one with.</summary>
    private static void Populate(FakeCluster cluster)
    {
        Add(cluster, "pods", "dead", "dead", hoursOld: 4, phase: "Running");
        Add(cluster, "pods", "ended", "ended", hoursOld: 4, phase: "Failed");
        Add(cluster, "pods", "living", "living", hoursOld: 0, phase: "Running");
        Add(cluster, "secrets", "orphan-pull", "orphan", hoursOld: 4);
        Add(cluster, "secrets", "young-pull", "young", hoursOld: 0);
        Add(cluster, "secrets", "living-pull", "living", hoursOld: 4);
    }

    private static void Add(FakeCluster cluster, string kind, string name, string pod, int hoursOld, string? phase = null)
    {
        var created = TimeProvider.System.GetUtcNow().AddHours(-hoursOld).AddMinutes(-1);
        cluster.Objects[$"{kind}/{name}"] = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = "ci",
                ["uid"] = "uid-of-" + name,
                ["resourceVersion"] = "1",
                ["creationTimestamp"] = created.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
                ["labels"] = new JsonObject { ["app.kubernetes.io/managed-by"] = "pod-executor", ["job.runner.gitlab.com/pod"] = pod },
            },
            ["spec"] = new JsonObject { ["activeDeadlineSeconds"] = 3600 },
            ["status"] = new JsonObject { ["phase"] = phase },
        };
    }
}
