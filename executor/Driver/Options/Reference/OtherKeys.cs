namespace PodExecutor.Driver.Options;

/// <summary>A key of [runners.kubernetes] that the options file does not have.</summary>
/// <param name="IsNeeded">True if something is lost without it; false if its reason has gone.</param>
/// <param name="Instead">What to use instead, or empty.</param>
internal sealed record OtherKey(string Name, bool IsNeeded, string Why, string Instead = "");

/// <summary>The keys of gitlab-runner's [runners.kubernetes] that are not read here, each with its reason.</summary>
internal static class OtherKeys
{
    public static readonly IReadOnlyList<OtherKey> All =
    [
        new("bearer_token_overwrite_allowed", true, "A job must not bring its own credential for the cluster.", "Use profiles with a namespace and service account of their own."),
        new("helper_image_flavor", false, "The helper image is pod-executor's own.", "Set helper_image."),
        new("helper_image_autoset_arch_and_os", false, "The helper image is pod-executor's own, for each architecture.", "Set helper_image."),
        new("init_permissions_container_security_context", false, "There is no init container."),
        new("resource_availability_check_max_attempts", false, "Nothing is asked beforehand: the pod's events tell what is missing, and poll_timeout bounds the wait."),
        new("logs_base_dir", false, "The agent has a volume of its own, writable for every user and on every root."),
        new("scripts_base_dir", false, "The agent has a volume of its own, writable for every user and on every root."),
        new("poll_interval", false, "The pod is watched, not polled."),
        new("retry_limit", false, "Failures are retried by their type for as long as retry_budget allows.", "Set retry_budget."),
        new("retry_backoff_max", false, "The pause between tries grows from 0.1 s to 5 s, never below the server's Retry-After.", "Set retry_budget."),
        new("retry_limits", false, "Failures are retried by their type, not by their text.", "Set retry_budget."),
        new("terminationGracePeriodSeconds", false, "It is gone from gitlab-runner, too.", "Set pod_termination_grace_period_seconds."),
        new("autoscaler", true, "Pause pods need rights on the whole cluster.", "Apply deploy/kubernetes/parts/pause-pods: a Deployment of pause pods with a low priority class."),
        new("suspend_pvc_size", true, "The custom executor cannot suspend jobs."),
        new("suspend_pvc_storage_class", true, "The custom executor cannot suspend jobs."),
        new("suspend_data_path", true, "The custom executor cannot suspend jobs."),
    ];

    public static OtherKey? Find(string name) => All.FirstOrDefault(k => k.Name == name);
}
