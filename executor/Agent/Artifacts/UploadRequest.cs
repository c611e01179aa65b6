namespace PodExecutor.Agent.Artifacts;

/// <summary>One call of <c>artifacts-uploader</c> as the job's script gives it. Contract: gitlab-runner 19 commands/helpers/artifacts_uploader.go.</summary>
/// <param name="Format">zip, gzip or raw.</param>
/// <param name="Type">archive, junit, dotenv…, or null.</param>
/// <param name="Name">The job's name for the archive, or null.</param>
/// <param name="ExpireIn">In GitLab's words, "1 week", or null.</param>
/// <param name="Timeout">For all tries together; null for none.</param>
/// <param name="ResponseHeaderTimeout">From the end of the body to the answer's header; null for none.</param>
internal sealed record UploadRequest(
    Coordinator Coordinator,
    SelectionRequest Selection,
    string Format,
    string? Type,
    string? Name,
    string? ExpireIn,
    TimeSpan? Timeout,
    TimeSpan? ResponseHeaderTimeout)
{
    private static readonly FlagTable Flags = new(
        [
            "url", "token", "id", "timeout", "response-header-timeout", "path", "exclude", "name", "expire-in", "artifact-format", "artifact-type",
            .. ProvenanceFlags,
        ],
        ["untracked", "verbose", "generate-artifacts-metadata"]);

    /// <summary>What describes the job for the provenance statement, which this agent does not write.</summary>
    private static string[] ProvenanceFlags =>
    [
        "runner-id", "repo-url", "repo-digest", "job-name", "executor-name", "runner-name", "started-at", "ended-at", "starttime", "endtime",
        "metadata-parameter", "schema-version",
    ];

    /// <exception cref="ArtifactException">A flag that matters is missing or senseless.</exception>
    public static UploadRequest Parse(string[] args, RunnerContext context)
    {
        var flags = Flags.Parse(args);
        flags.Unknown.ForEach(name => context.Warn($"--{name}: this gitlab-runner does not know the flag and ignores it."));
        if (flags.IsSet("generate-artifacts-metadata"))
        {
            context.Warn("--generate-artifacts-metadata: pod-executor writes no provenance statement. The artifacts themselves are uploaded.");
        }

        var format = flags.Last("artifact-format") ?? "zip";
        return format is "zip" or "gzip" or "raw"
            ? new UploadRequest(
                flags.Coordinator(),
                new SelectionRequest(flags.All("path"), flags.All("exclude"), flags.IsSet("untracked")),
                format,
                flags.Last("artifact-type"),
                flags.Last("name"),
                flags.Last("expire-in"),
                Positive(flags.Duration("timeout")),
                Positive(flags.Duration("response-header-timeout")))
            : throw new ArtifactException($"The artifact format {format} is not known here: zip, gzip and raw are. This GitLab may be newer than pod-executor.");
    }

    /// <summary>What GitLab is asked; only what was given.</summary>
    public string Query()
    {
        var pairs = new (string Name, string? Value)[] { ("artifact_format", Format), ("artifact_type", Type), ("expire_in", ExpireIn) };
        return "?" + string.Join('&', pairs.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}"));
    }

    private static TimeSpan? Positive(TimeSpan? duration) => duration > TimeSpan.Zero ? duration : null;
}
