using PodExecutor.Driver.Pipelines.Runner;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Images;

/// <summary>
/// cache.build on a real builder. Debian has BuildKit only inside Docker, which has no S3 cache: here it is the way without; what a buildkitd of its own is
/// sent shows BuildCacheGatewayTests.
/// </summary>
public sealed class LayerCacheTests(TestCluster cluster)
{
    [Fact]
    public async Task Build_OnABuilderWithoutAnS3Cache_IsBuiltAndSaysSo()
    {
        var server = await S3Server.OpenAsync();
        await using var builder = PodsBuilder.Start();
        var request = new JobRequest($"printf 'FROM 127.0.0.1:15000/team/public:1\\nRUN echo {Guid.NewGuid():N} > /made\\n' | docker build -")
        {
            Options = server.Toml(more: "build = true") + builder.Options("buildkitd"),
        };
        await using var job = new TestJob(cluster, request);

        var outcome = await job.RunAsync();

        Assert.True(outcome.Result == JobResult.Success, job.Log.Text);
        Assert.Equal(2, job.Log.Text.Split("The layer cache on S3 is off: the builder buildkitd has none").Length);
        Assert.DoesNotContain(S3Server.Login.SecretKey, job.Log.Text);
    }
}
