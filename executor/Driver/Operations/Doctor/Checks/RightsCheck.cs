using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Operations.Rights;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>
/// Whether our account has each right that jobs need with these options: one SelfSubjectAccessReview per verb, since the
/// server's list of rules (SelfSubjectRulesReview) may be incomplete by its own account.
/// </summary>
internal static class RightsCheck
{
    private const string Reviews = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    private const string Remedy = "Give the account what `pod-executor rbac` prints.";

    public static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        var options = context.Options!.Kubernetes;
        var answers = new List<(ClusterRight Right, IReadOnlyList<string> Refused)>();
        foreach (var right in ClusterRights.For([RightUse.Job], options))
        {
            answers.Add((right, await RefusedAsync(context.Api!, right, options.Namespace, cancel)));
        }

        return answers.TrueForAll(a => a.Refused.Count == a.Right.Verbs.Count)
            ? [Nothing(options.Namespace)]
            : [.. answers.Select(a => Judge(a.Right, a.Refused, options.Namespace))];
    }

    private static async Task<IReadOnlyList<string>> RefusedAsync(ApiClient api, ClusterRight right, string ns, CancellationToken cancel)
    {
        var refused = new List<string>();
        var parts = right.Resource.Split('/');
        foreach (var verb in right.Verbs)
        {
            var review = new V1SelfSubjectAccessReview
            {
                ApiVersion = "authorization.k8s.io/v1",
                Kind = "SelfSubjectAccessReview",
                Spec = new V1SelfSubjectAccessReviewSpec
                {
                    ResourceAttributes = new V1ResourceAttributes
                    {
                        NamespaceProperty = right.IsClusterWide ? null : ns,
                        Verb = verb,
                        Group = right.Group,
                        Resource = parts[0],
                        Subresource = parts.Length > 1 ? parts[1] : null,
                    },
                },
            };
            var answer = await api.CreateAsync(Reviews, review, cancel);
            if (!answer.Status.Allowed)
            {
                refused.Add(verb);
            }
        }

        return refused;
    }

    private static Finding Judge(ClusterRight right, IReadOnlyList<string> refused, string ns)
    {
        var place = right.IsClusterWide ? "in the cluster" : $"in namespace {ns}";
        if (refused.Count == 0)
        {
            return Finding.Ok($"{right.Resource}: {string.Join(", ", right.Verbs)} ({right.Feature})");
        }

        var what = $"{right.Resource}: {string.Join(", ", refused)} is refused {place}";
        var why = right.Setting is null ? $"needed for {right.Feature}" : $"needed for {right.Feature}, which {right.Setting} asks for";
        return right.WithoutIt is { } lacking
            ? Finding.Warning(what, $"{why}; without it {lacking}", Remedy)
            : Finding.Error(what, why, Remedy);
    }

    private static Finding Nothing(string ns) => Finding.Error(
        $"The account has none of the rights in namespace {ns}",
        "the namespace is another than the Role's, or the Role is not bound to this account",
        $"Check kubernetes.namespace; if it is right: pod-executor rbac --namespace {ns} | kubectl apply -f -");
}
