using PodExecutor.Tests.Contract.Fakes;

namespace PodExecutor.Tests.Contract;

/// <summary>When the builders, with their keys, pass through the pod.</summary>
public sealed class BuilderKeysTests
{
    private const string Builder = """
        [[builders]]
        name = "one"
        address = "tcp://127.0.0.1:1"
        """;

    /// <summary>get_sources runs a hook of the job's author (hooks:pre_get_sources_script) in the helper container: what is sent later could be watched.</summary>
    [Theory]
    [InlineData("prepare_script", true)]
    [InlineData("get_sources", false)]
    [InlineData("download_artifacts", false)]
    public async Task Builders_ComeWithTheFirstStageOnly(string stage, bool come)
    {
        await using var cluster = await FakeCluster.StartAsync();
        using var job = new ContractJob(cluster, Builder);
        using var session = await job.PreparedAsync();

        var sent = await session.RunAsync(stage, "true", TestContext.Current.CancellationToken);
        await session.RunAsync("upload_artifacts_on_success", """[ -S "$(dirname "$POD_EXECUTOR_IMAGES")/builders/choose.sock" ] && echo "served: True" || echo "served: False" """, TestContext.Current.CancellationToken);

        Assert.Equal(0, sent.ExitCode);
        Assert.Contains($"served: {come}", job.Log);
    }
}
