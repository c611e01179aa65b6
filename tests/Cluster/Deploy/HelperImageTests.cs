using System.Text.Json;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>The helper image as deploy/images/helper/from-debian.sh makes it.</summary>
public sealed class HelperImageTests(TestCluster cluster)
{
    private const long MostBytes = 60 * 1000 * 1000;

    [Fact]
    public async Task Layers_Compressed_AreAtMost60MB()
    {
        var archive = (await Shell.RunAsync("bash", "-c", $". {cluster.Testbed}/env.sh; echo $IMAGES/helper.tar")).Trim();
        var index = JsonDocument.Parse(await Shell.RunAsync("tar", "-xOf", archive, "index.json")).RootElement;
        var digest = index.GetProperty("manifests")[0].GetProperty("digest").GetString()!;
        var manifest = JsonDocument.Parse(await Shell.RunAsync("tar", "-xOf", archive, $"blobs/{digest.Replace(':', '/')}")).RootElement;

        var bytes = manifest.GetProperty("layers").EnumerateArray().Sum(l => l.GetProperty("size").GetInt64());

        Assert.InRange(bytes, 1, MostBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12345)]
    public Task Programs_AsAnyUserWithReadOnlyRoot_Run(int user) =>
        HelperPod.CheckAsync(cluster, $"helper-{user}", cluster.HelperImage, user, "gitlab-runner --version && test -s /var/lib/dpkg/status.d/git");
}
