using System.Net;
using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Images;

/// <summary>A job builds for two platforms, of which each builder has one.</summary>
public sealed class SplitBuildTests(TestCluster cluster)
{
    private const string Base = "127.0.0.1:15000/team/public:1";

    /// <param name="byThePod">The pod reaches the registry, by the operator's word without TLS; else its address leads to the pod itself.</param>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Job_WithABuilderForEachPlatform_PushesOneImageThatAPodRuns(bool byThePod)
    {
        await using var amds = PodsBuilder.Start();
        await using var arms = PodsBuilder.Start();
        await using var door = new MortalProxy(IPAddress.Parse(TestCluster.NodeAddress), new IPEndPoint(IPAddress.Loopback, 15000));
        var (registry, path) = (byThePod ? new Uri(door.Address).Authority : Registries.Open, $"split/{Guid.NewGuid():N}:1");
        await using var job = new TestJob(cluster, new JobRequest(
            $"""
            printf 'FROM scratch AS arm64\nFROM {Base} AS amd64\nFROM $TARGETARCH\nARG TARGETARCH\nCOPY greeting /greeting-$TARGETARCH\n' > Dockerfile; echo split > greeting
            docker buildx build --platform linux/amd64,linux/arm64 -t {registry}/{path} --push .
            """)
        {
            Options = $"""
                {amds.Options("amds")}platforms = ["linux/amd64"]
                {arms.Options("arms")}platforms = ["linux/arm64"]

                [builder]
                insecure_registries = ["{registry}"]

                """,
        });

        var built = await job.RunAsync();
        await using var running = new TestJob(cluster, new JobRequest("cat /greeting-amd64") { Image = $"{Registries.Open}/{path}" });
        var ran = await running.RunAsync();

        Assert.True(built.Result == JobResult.Success, job.Log.Text);
        Assert.True(job.Log.Text.Contains("linux/amd64 and linux/arm64 are built on builders of their own", StringComparison.Ordinal), job.Log.Text);
        Assert.Equal(!byThePod, job.Log.Text.Contains($"{registry} is not reached from this pod", StringComparison.Ordinal));
        Assert.True(ran.Result == JobResult.Success, running.Log.Text);
        Assert.Contains("split\n", running.Log.Text);
        using var image = await RegistryImage.PullAsync($"{Registries.Open}/{path}", TestContext.Current.CancellationToken);
        Assert.Equal(["linux/amd64", "linux/arm64"], image.Manifest.GetProperty("manifests").EnumerateArray().Select(RegistryImage.PlatformOf));
    }
}
