using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>A pod of a helper image, with what a job's pod leaves it: any user, no right, a read-only root and a /tmp.</summary>
internal static class HelperPod
{
    private const string Programs =
        "git --version && git lfs version && pod-agent --version && bash -c 'echo bash' && test -s /etc/ssl/certs/ca-certificates.crt && ! touch /x 2> /dev/null && touch /tmp/x";

    /// <summary>Fails the test unless the programs that every helper image has can be run, and the checks pass.</summary>
    /// <param name="checks">More of this image, as a shell's condition.</param>
    public static async Task CheckAsync(TestCluster cluster, string name, string image, int user, string checks = "true")
    {
        var spec = $$"""
            {"spec": {"containers": [{"name": "helper", "image": "{{image}}", "command": ["sh", "-c", "{{Programs}} && {{checks}} && echo all is there"],
              "securityContext": {"runAsUser": {{user}}, "runAsGroup": {{user}}, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]} },
              "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}], "volumes": [{"name": "tmp", "emptyDir": {} }]} }
            """;
        await cluster.KubectlAsync("run", name, "-n", cluster.Namespace, $"--image={image}", "--restart=Never", "--overrides", spec);

        var phase = "";
        await Until.TrueAsync(
            async () => (phase = (await cluster.GetAsync(cluster.Namespace, "pod", name)).GetProperty("status").GetProperty("phase").GetString()!) is "Succeeded" or "Failed",
            "the helper image's programs to end");

        var log = await cluster.KubectlAsync("logs", name, "-n", cluster.Namespace);
        Assert.True(phase == "Succeeded", log);
        Assert.EndsWith("all is there\n", log);
    }
}
