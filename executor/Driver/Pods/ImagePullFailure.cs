namespace PodExecutor.Driver.Pods;

/// <summary>
/// Whether a failed pull can still succeed. The kubelet gives a text and nothing else, so this is the one place in the product
/// that decides by a text; whatever it does not know is taken for passing and ends at poll_timeout.
/// Sources: containerd remotes/docker (resolver.go, errcode.go), distribution registry/api/errcode, docker's daemon messages.
/// </summary>
internal static class ImagePullFailure
{
    private static readonly (string Text, string Hint)[] Final =
    [
        ("not found", "Check the image's name and tag: the registry does not have it."),
        ("manifest unknown", "Check the image's name and tag: the registry does not have it."),
        ("name unknown", "Check the image's name: the registry has no such repository."),
        ("repository does not exist", "Check the image's name, and whether the registry needs a login."),
        ("insufficient_scope", "The registry refuses: check the login that the job has for it (CI_REGISTRY_*, DOCKER_AUTH_CONFIG, image_pull_secrets)."),
        ("authorization failed", "The registry refuses: check the login that the job has for it (CI_REGISTRY_*, DOCKER_AUTH_CONFIG, image_pull_secrets)."),
        ("unauthorized", "The registry wants a login: check CI_REGISTRY_*, DOCKER_AUTH_CONFIG or image_pull_secrets."),
        ("401 Unauthorized", "The registry wants a login: check CI_REGISTRY_*, DOCKER_AUTH_CONFIG or image_pull_secrets."),
        ("403 Forbidden", "The registry refuses: check the login that the job has for it."),
        ("denied", "The registry refuses: check the login that the job has for it."),
        ("no match for platform", "The image has no variant for this node's architecture."),
        ("invalid reference format", "Check the image's name."),
    ];

    // "not found" in another sense: the registry's host, the network.
    private static readonly string[] Passing = ["no such host", "dial tcp", "i/o timeout", "connection refused", "TLS handshake", "unexpected EOF"];

    /// <summary>What to tell the user if the pull cannot succeed; null if it may.</summary>
    public static string? FinalHint(string message) =>
        Array.Exists(Passing, p => message.Contains(p, StringComparison.OrdinalIgnoreCase))
            ? null
            : Array.Find(Final, f => message.Contains(f.Text, StringComparison.OrdinalIgnoreCase)).Hint;
}
