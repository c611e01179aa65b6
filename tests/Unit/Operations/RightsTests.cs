using PodExecutor.Driver.Operations.Rights;
using PodExecutor.Driver.Options;
using PodExecutor.Tests.Unit.Options;
using YamlDotNet.RepresentationModel;

namespace PodExecutor.Tests.Unit.Operations;

/// <summary>The table of rights, as a manifest and in the docs.</summary>
public class RightsTests
{
    [Fact]
    public void Manifest_OfJobRights_HoldsExactlyTheTable()
    {
        var rights = ClusterRights.All.Where(r => r.Use == RightUse.Job && !r.IsClusterWide).ToList();

        var documents = Documents(RoleManifest.Of(rights, "ci", "runner"));

        Assert.Equal(["ServiceAccount", "Role", "RoleBinding"], documents.Select(d => Text(d["kind"])));
        Assert.All(documents, d => Assert.Equal(("runner", "ci"), (Text(d["metadata"]["name"]), Text(d["metadata"]["namespace"]))));
        var rules = ((YamlSequenceNode)documents[1]["rules"]).Select(r => $"{Text(r["apiGroups"][0])}/{Text(r["resources"][0])}: {string.Join(' ', ((YamlSequenceNode)r["verbs"]).Select(Text))}");
        var expected = rights.GroupBy(r => $"{r.Group}/{r.Resource}").Select(g => $"{g.Key}: {string.Join(' ', g.SelectMany(r => r.Verbs).Distinct())}");
        Assert.Equal(expected, rules);
        Assert.Equal("runner", Text(documents[2]["subjects"][0]["name"]));
    }

    [Fact]
    public void Manifest_WithClusterWideRight_HasAClusterRoleNamedForItsNamespace()
    {
        ClusterRight right = new(RightUse.Job, "", "namespaces", ["create"], "a namespace per job") { IsClusterWide = true };

        var documents = Documents(RoleManifest.Of([right], "ci", "runner"));

        Assert.Equal(["ServiceAccount", "ClusterRole", "ClusterRoleBinding"], documents.Select(d => Text(d["kind"])));
        Assert.Equal("ci-runner", Text(documents[2]["roleRef"]["name"]));
    }

    [Fact]
    public void Rights_WithANamespacePerJob_AreClusterWide()
    {
        var options = OptionsFile.Parse("[kubernetes]\nhelper_image = \"h\"\nnamespace_per_job = true\n", "options.toml").Options.Kubernetes;

        var rights = ClusterRights.For([RightUse.Job], options);

        Assert.Contains(rights, r => r.Resource == "namespaces");
        Assert.All(rights, r => Assert.True(r.IsClusterWide));
        Assert.DoesNotContain(ClusterRights.For([RightUse.Job], null), r => r.IsClusterWide);
    }

    [Fact]
    public void Page_IsWhatTheTableSays() => Assert.True(
        RightsMarkdown.Write() == Repository.Read("docs/rights.md"), "docs/rights.md is not what ClusterRights.cs says. Write it anew: pod-executor settings-reference docs");

    [Fact]
    public void Rights_NeverNameEverything()
    {
        Assert.All(ClusterRights.All, r => Assert.DoesNotContain("*", string.Concat([r.Group, r.Resource, .. r.Verbs])));

        // What a Secret holds is for the jobs' account to write, not to read.
        Assert.DoesNotContain(ClusterRights.All, r => r is { Use: RightUse.Job, Resource: "secrets" } && r.Verbs.Intersect(["get", "list", "watch"]).Any());
    }

    private static List<YamlNode> Documents(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return [.. stream.Documents.Select(d => d.RootNode)];
    }

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;
}
