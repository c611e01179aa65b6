using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>A list of pull policies: the next one when a pull has failed, never because it is slow.</summary>
public sealed class PullPolicyTests
{
    private const string Both = "pull_policy = [\"always\", \"if-not-present\"]";

    [Fact]
    public async Task Pull_ThatFails_IsTriedWithTheNextPolicy()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, Both);
        cluster.OnCreate = pod =>
        {
            FakeCluster.Run(pod);
            if (Build(pod["spec"]!["containers"])["imagePullPolicy"]!.GetValue<string>() == "Always")
            {
                Wait(pod, "ErrImagePull", "dial tcp: connection refused");
            }
        };

        using var session = await job.PreparedAsync();

        Assert.Equal("IfNotPresent", Build(AbilityTests.Pod(cluster)["spec"]!["containers"])["imagePullPolicy"]!.GetValue<string>());
        Assert.Equal(2, cluster.Requests.Count(r => r == "POST pods"));
        Assert.Contains("could not be pulled with policy Always: trying IfNotPresent", job.Log);
    }

    [Fact]
    public async Task Pull_ThatIsSlow_IsWaitedFor()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, Both);
        cluster.OnCreate = pod =>
        {
            FakeCluster.Run(pod);
            Wait(pod, "ContainerCreating", "");
        };
        var watches = 0;
        cluster.Fault = async (request, context) =>
        {
            if (request == "GET pods?watch" && ++watches == 1)
            {
                // The first watch shows the pull and ends; by the second the pod runs.
                var pod = AbilityTests.Pod(cluster);
                await context.Response.WriteAsync(new JsonObject { ["type"] = "ADDED", ["object"] = pod.DeepClone() }.ToJsonString() + "\n");
                FakeCluster.Run(pod);
                return true;
            }

            return false;
        };

        using var session = await job.PreparedAsync();

        Assert.Equal(1, cluster.Requests.Count(r => r == "POST pods"));
        Assert.DoesNotContain("DELETE", string.Join(' ', cluster.Requests));
    }

    [Fact]
    public async Task Pull_ThatFailsByTheLastPolicy_FailsTheJob()
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, Both);
        cluster.OnCreate = pod =>
        {
            FakeCluster.Run(pod);
            Wait(pod, "ErrImagePull", "debian:12: not found");
        };
        using var session = job.Session();
        await session.ConfigAsync(TestContext.Current.CancellationToken);

        var prepare = await session.PrepareAsync(TestContext.Current.CancellationToken);

        Assert.Equal(ContractJob.BuildFailure, prepare.ExitCode);
        Assert.Equal(2, cluster.Requests.Count(r => r == "POST pods"));
        Assert.Contains("cannot be pulled", job.Log);
    }

    private static JsonNode Build(JsonNode? containers) => containers!.AsArray().Single(c => c!["name"]!.GetValue<string>() == "build")!;

    private static void Wait(JsonObject pod, string reason, string message) =>
        Build(pod["status"]!["containerStatuses"])["state"] = new JsonObject { ["waiting"] = new JsonObject { ["reason"] = reason, ["message"] = message } };
}
