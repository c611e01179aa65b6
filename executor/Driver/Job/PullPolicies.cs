namespace PodExecutor.Driver.Job;

/// <summary>GitLab's words for Kubernetes' imagePullPolicy.</summary>
internal static class PullPolicies
{
    public static readonly IReadOnlyList<string> Names = ["always", "if-not-present", "never"];

    /// <returns>Null for no or an unknown word.</returns>
    public static string? ToKubernetes(string? policy) => policy switch
    {
        "always" => "Always",
        "if-not-present" => "IfNotPresent",
        "never" => "Never",
        _ => null,
    };
}
