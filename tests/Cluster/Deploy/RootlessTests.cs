using System.Text.Json.Nodes;
using PodExecutor.Tests.Cluster.Fixtures;

namespace PodExecutor.Tests.Cluster.Deploy;

/// <summary>
/// The overlay "rootless": its builder's pod as the overlay has it, but for the program, for a BuildKit that runs without root is not to be had here
/// (docs/adr/0031-stand-ins-under-real-names.md). What that one needs of the pod is there: no privilege, a user namespace, a volume that it may write.
/// </summary>
public sealed class RootlessTests(TestCluster cluster) : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Builder_OfTheOverlay_HasNoPrivilegeAndCanMakeUserNamespaces()
    {
        await File.WriteAllTextAsync(_file, (await BuilderPodAsync()).ToJsonString(), TestContext.Current.CancellationToken);
        await cluster.KubectlAsync("apply", "-n", cluster.Namespace, "-f", _file);
        await cluster.KubectlAsync("wait", "pod/rootless", "-n", cluster.Namespace, "--for=condition=Ready", "--timeout=60s");

        var found = await cluster.KubectlAsync("exec", "-n", cluster.Namespace, "rootless", "--", "bash", "-ec", """
            echo "user $(id -u):$(id -g)"
            sed -n 's/^CapEff:\t/capabilities /p' /proc/self/status
            touch /home/user/.local/share/buildkit/written && echo the state is writable
            ! touch /etc/buildkit/written 2> /dev/null && echo the configuration is not
            echo "root of a namespace: $(unshare --user --map-root-user --mount id -u)"
            """);

        Assert.Equal("user 1000:1000\ncapabilities 0000000000000000\nthe state is writable\nthe configuration is not\nroot of a namespace: 0\n", found);
    }

    /// <summary>The StatefulSet's template as a pod that waits, with empty volumes in place of those that other objects fill.</summary>
    private async Task<JsonNode> BuilderPodAsync()
    {
        var rendered = await cluster.KubectlAsync("kustomize", Path.Combine(Installation.Root, "deploy/kubernetes/overlays/rootless"));
        var builder = rendered.Split("\n---\n").Single(d => d.Contains("\nkind: StatefulSet\n", StringComparison.Ordinal) && d.Contains("\n  name: buildkitd\n", StringComparison.Ordinal));
        await File.WriteAllTextAsync(_file, builder, TestContext.Current.CancellationToken);
        var set = JsonNode.Parse(await cluster.KubectlAsync("create", "--dry-run=client", "-o", "json", "-f", _file))!;

        var template = set["spec"]!["template"]!;
        var spec = template["spec"]!.DeepClone();
        var container = spec["containers"]![0]!.AsObject();
        Assert.EndsWith("-rootless", container["image"]!.GetValue<string>());
        foreach (var key in new[] { "args", "livenessProbe", "readinessProbe", "startupProbe", "resources" })
        {
            container.Remove(key);
        }

        (container["image"], container["command"]) = ("docker.io/pex/debian:12", new JsonArray("sleep", "600"));
        spec["volumes"] = new JsonArray([.. container["volumeMounts"]!.AsArray().Select(m => new JsonObject { ["name"] = m!["name"]!.GetValue<string>(), ["emptyDir"] = new JsonObject() })]);
        spec["terminationGracePeriodSeconds"] = 0;
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject { ["name"] = "rootless", ["annotations"] = template["metadata"]!["annotations"]!.DeepClone() },
            ["spec"] = spec,
        };
    }
}
