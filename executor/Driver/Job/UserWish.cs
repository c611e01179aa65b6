using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Job;

/// <summary>The user that a job's image is to run as.</summary>
internal sealed record UserPlan(long Uid, long? Gid);

/// <summary>`image:kubernetes:user` against the operator's lists. What the operator sets himself goes before it.</summary>
internal static class UserWish
{
    /// <param name="configured">The user that the operator has set, if any.</param>
    /// <param name="who">For messages: "image debian:12".</param>
    public static UserPlan? Of(ImageRequest? image, string who, long? configured, SecurityOptions rules, JobVariables variables, Decision decision)
    {
        var byDocker = image?.ExecutorOpts?.Kubernetes?.User is not { Length: > 0 };
        var keyword = byDocker ? "docker:user" : "kubernetes:user";
        var wanted = variables.Expand((byDocker ? image?.ExecutorOpts?.Docker?.User : image?.ExecutorOpts?.Kubernetes?.User) ?? "");
        if (wanted.Length == 0)
        {
            return null;
        }

        var parts = wanted.Split(':');
        var gid = 0u;
        if (parts.Length > 2 || !uint.TryParse(parts[0], out var uid) || (parts.Length == 2 && !uint.TryParse(parts[1], out gid)))
        {
            NotNumeric(byDocker, keyword, wanted, who, decision);
            return null;
        }

        if (configured is not null)
        {
            decision.Notices.Add($"`{keyword}: {wanted}` of {who} counts for nothing: the runner sets run_as_user to {configured}");
            return null;
        }

        long? group = parts.Length == 2 ? gid : null;
        var allowed = Allowed(uid, rules.AllowedUsers, "users", keyword, wanted, who, decision)
            & (group is null || Allowed(group.Value, rules.AllowedGroups, "groups", keyword, wanted, who, decision));
        return allowed ? new UserPlan(uid, group) : null;
    }

    private static bool Allowed(long id, IReadOnlyList<string> list, string what, string keyword, string wanted, string who, Decision decision)
    {
        if (list.Contains($"{id}") || (list.Count == 0 && id != 0))
        {
            return true;
        }

        decision.Refuse(
            $"`{keyword}: {wanted}` of {who} is not allowed: {id} is not among the allowed {what}",
            list.Count == 0 ? $"0 must be listed in the runner's kubernetes.allowed_{what}" : $"the runner's kubernetes.allowed_{what} has: {string.Join(", ", list)}",
            $"Use an allowed id, or leave {keyword} out.");
        return false;
    }

    private static void NotNumeric(bool byDocker, string keyword, string wanted, string who, Decision decision)
    {
        if (byDocker)
        {
            // Written for another executor, and ignored by GitLab's own on Kubernetes.
            decision.Notices.Add($"`{keyword}: {wanted}` of {who} counts for nothing: Kubernetes knows numeric users only (kubernetes:user)");
            return;
        }

        decision.Refuse($"`{keyword}: {wanted}` of {who} is not numeric", $"`{keyword}` must be USER or USER:GROUP in numbers, which Kubernetes needs", "Write for example \"1000:1000\".");
    }
}
