using System.Text.Json.Nodes;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>What newer servers can: used where they have it, asked for only where a setting needs it.</summary>
public sealed class AbilityTests
{
    [Fact]
    public async Task Version_WithoutASettingThatNeedsIt_IsNotAskedFor()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster);

        using var session = await job.PreparedAsync();

        Assert.DoesNotContain("GET version", cluster.Requests);
    }

    [Theory]
    [InlineData("34", true)]
    [InlineData("29+", true)]
    [InlineData("28", false)]
    [InlineData("20+", false)]
    public async Task Services_AsSidecars_AreSomeWhereTheServerHasThem(string minor, bool sidecars)
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Minor = minor;
        using var job = new ContractJob(cluster, "services_as_sidecars = true\nwait_for_services_timeout = 0");
        job.Payload = job.Payload with { Services = [new PayloadImage { Name = "redis:7", Alias = "cache" }] };

        using var session = await job.PreparedAsync();

        var spec = Pod(cluster)["spec"]!;
        Assert.Equal(sidecars ? ["Always"] : [], (spec["initContainers"]?.AsArray() ?? []).Select(c => c!["restartPolicy"]!.GetValue<string>()));
        Assert.Equal(sidecars ? ["helper", "build"] : ["helper", "cache", "build"], spec["containers"]!.AsArray().Select(c => c!["name"]!.GetValue<string>()));
        Assert.Equal(!sidecars, job.Log.Contains("has no native sidecars", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("user_namespaces = true", "32", "33", "user_namespaces")]
    [InlineData("pod_memory_limit = \"1Gi\"", "33", "34", "pod_cpu_… and pod_memory_…")]
    [InlineData("[kubernetes.pod_security_context]\napp_armor_profile = { type = \"RuntimeDefault\" }", "29", "30", "app_armor_profile")]
    [InlineData("[[kubernetes.volumes.image]]\nname = \"tools\"\nmount_path = \"/tools\"\nimage = \"tools:1\"", "34", "35", "volumes.image")]
    public async Task Setting_BeyondTheServer_IsRefusedBeforeAnythingIsMade(string setting, string older, string newer, string named)
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Minor = older;
        using var job = new ContractJob(cluster, setting);
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);

        var refused = await session.PrepareAsync(TestContext.Current.CancellationToken);
        Assert.Equal(ContractJob.SystemFailure, refused.ExitCode);
        Assert.Contains($"The API server is too old for kubernetes.{named}", job.Log);
        Assert.Empty(cluster.Objects);

        cluster.Minor = newer;
        Assert.Equal(0, (await session.PrepareAsync(TestContext.Current.CancellationToken)).ExitCode);
    }

    [Fact]
    public async Task UserNamespaces_WhereTheServerHasThem_AreInThePod()
    {
        await using var cluster = await FakeCluster.StartAsync();
        cluster.Minor = "33";
        using var job = new ContractJob(cluster, "user_namespaces = true\n");

        using var session = await job.PreparedAsync();

        Assert.False(Pod(cluster)["spec"]!["hostUsers"]!.GetValue<bool>());
    }

    [Fact]
    public async Task DisruptionBudget_OnAnOldServer_IsMadeByTheOldApiAndOwnedByThePod()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, "pod_disruption_budget = true");
        var asked = new List<string>();
        cluster.Fault = async (request, context) =>
        {
            if (request != "POST poddisruptionbudgets")
            {
                return false;
            }

            asked.Add(context.Request.Path.Value!.Split('/')[3]);
            if (asked.Count > 1)
            {
                return false;
            }

            await FakeCluster.RefuseAsync(context, 404, "NotFound", "the server could not find the requested resource");
            return true;
        };

        using var session = await job.PreparedAsync();

        Assert.Equal(["v1", "v1beta1"], asked);
        var budget = cluster.Objects.Single(o => o.Key.StartsWith("poddisruptionbudgets/", StringComparison.Ordinal)).Value;
        Assert.Equal(Pod(cluster)["metadata"]!["uid"]!.GetValue<string>(), budget["metadata"]!["ownerReferences"]![0]!["uid"]!.GetValue<string>());
    }

    [Fact]
    public async Task Namespace_OfTheJob_IsMadeAndGoes()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, "namespace_per_job = true");
        using (var session = await job.PreparedAsync())
        {
            Assert.Contains("namespaces/ci-job-42", cluster.Objects.Keys);
            Assert.Equal("ci-job-42", Pod(cluster)["metadata"]!["namespace"]!.GetValue<string>());
            Assert.Equal(0, (await session.CleanupAsync()).ExitCode);
        }

        Assert.Empty(cluster.Objects);
    }

    internal static JsonObject Pod(FakeCluster cluster) => cluster.Objects.Single(o => o.Key.StartsWith("pods/", StringComparison.Ordinal)).Value;
}
