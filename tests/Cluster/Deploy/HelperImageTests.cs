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
    public async Task Programs_AsAnyUserWithReadOnlyRoot_Run(int user)
    {
        var name = $"helper-{user}";
        var spec = $$"""
            {"spec": {"containers": [{"name": "helper", "image": "{{cluster.HelperImage}}",
              "command": ["sh", "-c", "git --version && git lfs version && bash -c 'echo bash' && gitlab-runner --version && test -s /etc/ssl/certs/ca-certificates.crt && test -s /var/lib/dpkg/status.d/git && touch /tmp/x && echo all is there"],
              "securityContext": {"runAsUser": {{user}}, "runAsGroup": {{user}}, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]} },
              "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}], "volumes": [{"name": "tmp", "emptyDir": {} }]} }
            """;
        await cluster.KubectlAsync("run", name, "-n", cluster.Namespace, $"--image={cluster.HelperImage}", "--restart=Never", "--overrides", spec);

        var phase = "";
        await Until.TrueAsync(
            async () => (phase = (await cluster.GetAsync(cluster.Namespace, "pod", name)).GetProperty("status").GetProperty("phase").GetString()!) is "Succeeded" or "Failed",
            "the helper image's programs to end");

        var log = await cluster.KubectlAsync("logs", name, "-n", cluster.Namespace);
        Assert.True(phase == "Succeeded", log);
        Assert.EndsWith("all is there\n", log);
    }
}
