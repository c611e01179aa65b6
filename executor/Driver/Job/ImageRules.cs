using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job;

/// <summary>Which images a job may name, and how they may be pulled.</summary>
internal static class ImageRules
{
    /// <param name="what">"images" or "services", as in the setting's name.</param>
    /// <param name="always">Images that pass whatever the list says: the runner's own.</param>
    public static void CheckAllowed(string name, string what, IReadOnlyList<string> allowed, IReadOnlyList<string> always, Decision decision)
    {
        if (allowed.Count == 0 || always.Contains(name) || allowed.Any(pattern => Glob.IsMatch(pattern, name)))
        {
            return;
        }

        decision.Refuse(
            $"The {name} is not present on list of allowed {what}",
            $"the runner's kubernetes.allowed_{what} has: {string.Join(", ", allowed)}",
            $"Use one of these{(what == "services" ? "" : " as `image:`")}, or ask the runner's administrator.");
    }

    /// <summary>The policies to try in turn, as Kubernetes spells them; empty: its own rule.</summary>
    public static IReadOnlyList<string> PullPolicies(string image, IReadOnlyList<string>? wanted, KubernetesOptions options, Decision decision)
    {
        if (wanted is not { Count: > 0 })
        {
            return Checked(image, options.PullPolicies, "Runner config", options, decision);
        }

        foreach (var unknown in wanted.Where(w => Job.PullPolicies.ToKubernetes(w) is null))
        {
            decision.Refuse(
                $"pull_policy \"{unknown}\" of image {image} is not known", "`pull_policy:` in the pipeline", $"Use one of {string.Join(", ", Job.PullPolicies.Names)}.");
        }

        return Checked(image, [.. wanted.Where(Job.PullPolicies.Names.Contains)], "GitLab pipeline config", options, decision);
    }

    private static List<string> Checked(string image, IReadOnlyList<string> policies, string place, KubernetesOptions options, Decision decision)
    {
        var allowed = options.AllowedPullPolicies.Count > 0 ? options.AllowedPullPolicies
            : options.PullPolicies.Count > 0 ? options.PullPolicies
            : Job.PullPolicies.Names;
        var result = policies.Where(allowed.Contains).Select(p => Job.PullPolicies.ToKubernetes(p)!).ToList();
        if (policies.Count > 0 && result.Count == 0)
        {
            decision.Refuse(
                $"pull_policy ([{string.Join(' ', policies)}]) defined in {place} is not one of the allowed_pull_policies ([{string.Join(' ', allowed)}])",
                $"image {image}, against the runner's kubernetes.allowed_pull_policies",
                "Use one of the allowed policies, or leave pull_policy out.");
        }

        return result;
    }
}
