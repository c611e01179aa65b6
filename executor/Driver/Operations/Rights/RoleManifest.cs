using System.Text;

namespace PodExecutor.Driver.Operations.Rights;

/// <summary>Writes rights down as what `kubectl apply` takes: an account, its Role and the binding. Pure.</summary>
internal static class RoleManifest
{
    /// <param name="name">Of all the objects.</param>
    public static string Of(IReadOnlyList<ClusterRight> rights, string ns, string name)
    {
        var yaml = new StringBuilder();
        yaml.Append("# Made by `pod-executor rbac`: what the executor uses and nothing else.\n");
        yaml.Append($"apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: {ns}\n");
        Role(yaml, "Role", [.. rights.Where(r => !r.IsClusterWide)], name, ns);
        Role(yaml, "ClusterRole", [.. rights.Where(r => r.IsClusterWide)], name, ns);
        return yaml.ToString();
    }

    private static void Role(StringBuilder yaml, string kind, IReadOnlyList<ClusterRight> rights, string name, string ns)
    {
        if (rights.Count == 0)
        {
            return;
        }

        var isCluster = kind == "ClusterRole";

        // A ClusterRole's name is the whole cluster's: two installations must not take each other's.
        var metadata = isCluster ? $"  name: {ns}-{name}\n" : $"  name: {name}\n  namespace: {ns}\n";
        var target = isCluster ? $"{ns}-{name}" : name;
        yaml.Append($"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n{metadata}rules:\n");
        foreach (var resource in rights.GroupBy(r => (r.Group, r.Resource)))
        {
            var features = string.Join("; ", resource.Select(r => r.Feature).Distinct());
            yaml.Append($"# {features}\n");
            yaml.Append($"- apiGroups: [\"{resource.Key.Group}\"]\n");
            yaml.Append($"  resources: [\"{resource.Key.Resource}\"]\n");
            yaml.Append($"  verbs: [{string.Join(", ", resource.SelectMany(r => r.Verbs).Distinct().Select(v => $"\"{v}\""))}]\n");
        }

        yaml.Append($"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\nmetadata:\n{metadata}");
        yaml.Append($"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {target}\n");
        yaml.Append($"subjects:\n- kind: ServiceAccount\n  name: {name}\n  namespace: {ns}\n");
    }
}
