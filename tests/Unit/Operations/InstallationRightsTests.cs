using PodExecutor.Driver.Operations.Rights;
using PodExecutor.Tests.Unit.Documents;

namespace PodExecutor.Tests.Unit.Operations;

/// <summary>What the manifests grant is what the executor's own table says, no more and no less.</summary>
public sealed class InstallationRightsTests
{
    [Theory]
    [InlineData("manager", "pod-executor", "job,doctor")]
    [InlineData("gc", "pod-executor-gc", "gc")]
    public void Manifest_OfAnAccount_IsAsGenerated(string file, string account, string uses)
    {
        var wanted = uses.Split(',').Select(u => Enum.Parse<RightUse>(u, ignoreCase: true)).ToHashSet();

        var generated = RoleManifest.Of(ClusterRights.For(wanted, options: null), "ci", account);

        var path = $"deploy/kubernetes/parts/rbac/{file}.yaml";
        Assert.True(generated == Repository.Read(path), $"{path} differs from what the executor needs: run deploy/kubernetes/generate.sh. It would be:\n{generated}");
    }
}
