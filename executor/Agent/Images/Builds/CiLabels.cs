namespace PodExecutor.Agent.Images.Builds;

/// <summary>
/// What GitLab knows of the image, as OCI labels (opencontainers/image-spec annotations.md). Each is the same for every build of a commit: labels are part
/// of the image's digest.
/// </summary>
internal static class CiLabels
{
    private static readonly (string Label, string[] Variables)[] Table =
    [
        ("org.opencontainers.image.created", ["CI_COMMIT_TIMESTAMP"]),
        ("org.opencontainers.image.revision", ["CI_COMMIT_SHA"]),
        ("org.opencontainers.image.source", ["CI_PROJECT_URL"]),
        ("org.opencontainers.image.title", ["CI_PROJECT_TITLE", "CI_PROJECT_NAME"]),
        ("org.opencontainers.image.url", ["CI_PROJECT_URL"]),
        ("org.opencontainers.image.version", ["CI_COMMIT_TAG", "CI_COMMIT_REF_NAME"]),
    ];

    public static IReadOnlyDictionary<string, string> Of(Func<string, string?> variable) => Table
        .Select(row => (row.Label, Value: row.Variables.Select(variable).FirstOrDefault(v => !string.IsNullOrEmpty(v))))
        .Where(row => row.Value is not null)
        .ToDictionary(row => row.Label, row => row.Value!, StringComparer.Ordinal);
}
