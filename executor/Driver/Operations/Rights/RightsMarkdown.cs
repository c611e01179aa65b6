using System.Text;

namespace PodExecutor.Driver.Operations.Rights;

/// <summary>The table of rights as docs/rights.md. A test holds the page against it.</summary>
internal static class RightsMarkdown
{
    public static string Write()
    {
        var page = new StringBuilder();
        page.Append("""
            # What the executor's account needs in the cluster

            Made from the code (`ClusterRights.cs`). `pod-executor rbac` prints an account with exactly these rights, for your options file:

            ```sh
            pod-executor --config /etc/pod-executor/config.toml rbac | kubectl apply -f -
            ```

            `pod-executor doctor` asks the API server for each of them, and says what is missing for what.


            """);
        Section(page, RightUse.Job, "For jobs", "In the jobs' namespace. `pod-executor rbac`.");
        Section(page, RightUse.Gc, "For gc", "`pod-executor rbac gc --account pod-executor-gc`: an account of its own, because it may list Secrets. It asks for their metadata only.");
        Section(page, RightUse.Doctor, "For doctor", "`pod-executor rbac job doctor`: optional; without them doctor says what it could not look at.");
        return page.ToString().TrimEnd('\n') + "\n";
    }

    private static void Section(StringBuilder page, RightUse use, string title, string text)
    {
        var rights = ClusterRights.All.Where(r => r.Use == use).ToList();
        page.Append($"## {title}\n\n{text}\n\n| resource | verbs | for | without it |\n|---|---|---|---|\n");
        foreach (var right in rights.Where(r => r.Setting is null))
        {
            page.Append($"| {Resource(right)} | {string.Join(", ", right.Verbs)} | {right.Feature} | {right.WithoutIt ?? (right.Use == RightUse.Job ? "no job runs" : "nothing works")} |\n");
        }

        if (rights.Exists(r => r.Setting is not null))
        {
            page.Append("\nOnly with a setting:\n\n| setting | resource | verbs | for |\n|---|---|---|---|\n");
            foreach (var right in rights.Where(r => r.Setting is not null))
            {
                page.Append($"| `{right.Setting}` | {Resource(right)}{(right.IsClusterWide ? ", in the whole cluster" : "")} | {string.Join(", ", right.Verbs)} | {right.Feature} |\n");
            }

            page.Append("\nWith `namespace_per_job` all of this section is needed in the whole cluster: nobody knows the namespaces beforehand.\n");
        }

        page.Append('\n');
    }

    private static string Resource(ClusterRight right) => right.Group.Length > 0 ? $"`{right.Resource}` (`{right.Group}`)" : $"`{right.Resource}`";
}
