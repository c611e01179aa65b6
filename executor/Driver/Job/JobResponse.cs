using System.Text.Json.Serialization;

namespace PodExecutor.Driver.Job;

/// <summary>
/// JOB_RESPONSE_FILE as gitlab-runner writes it (common/spec/spec.go, Job): the trusted description of the job. Older runners
/// leave keys out, and a key may be null: both come here as null, whatever a property begins with. What we do not use is not listed.
/// </summary>
internal sealed record JobResponse
{
    public required long Id { get; init; }

    public JobInfo JobInfo { get; init => field = value ?? new(); } = new();

    public GitInfo GitInfo { get; init => field = value ?? new(); } = new();

    public RunnerInfo RunnerInfo { get; init => field = value ?? new(); } = new();

    public IReadOnlyList<JobVariable>? Variables { get; init; }

    public ImageRequest? Image { get; init; }

    public IReadOnlyList<ImageRequest>? Services { get; init; }

    public IReadOnlyList<JobCredential>? Credentials { get; init; }

    public IReadOnlyList<CacheRequest>? Cache { get; init; }
}

internal sealed record JobInfo
{
    public string Name { get; init => field = value ?? ""; } = "";

    public string Stage { get; init => field = value ?? ""; } = "";

    public long ProjectId { get; init; }

    public string ProjectName { get; init => field = value ?? ""; } = "";

    public string ProjectFullPath { get; init => field = value ?? ""; } = "";

    public long NamespaceId { get; init; }

    public long RootNamespaceId { get; init; }
}

internal sealed record GitInfo
{
    /// <summary>With the job's token in it.</summary>
    public string RepoUrl { get; init => field = value ?? ""; } = "";

    public string Ref { get; init => field = value ?? ""; } = "";

    /// <summary>"branch" or "tag"; "" where GitLab does not say.</summary>
    public string RefType { get; init => field = value ?? ""; } = "";

    public string Sha { get; init => field = value ?? ""; } = "";

    public string BeforeSha { get; init => field = value ?? ""; } = "";

    public bool? Protected { get; init; }
}

internal sealed record RunnerInfo
{
    private const long DefaultTimeout = 7200;

    /// <summary>The job's timeout in seconds; the runner's own default is 7200.</summary>
    public long Timeout { get; init => field = value > 0 ? value : DefaultTimeout; } = DefaultTimeout;
}

/// <summary>A variable as GitLab sent it: not expanded, later ones of a name win.</summary>
internal sealed record JobVariable
{
    public string Key { get; init => field = value ?? ""; } = "";

    public string Value { get; init => field = value ?? ""; } = "";

    /// <summary>Written in the pipeline or predefined; not a protected setting of project or group.</summary>
    public bool Public { get; init; }

    public bool File { get; init; }

    public bool Masked { get; init; }

    public bool Raw { get; init; }
}

/// <summary>An image or a service. Name and alias are expanded by the runner, the rest is not.</summary>
internal sealed record ImageRequest
{
    public string Name { get; init => field = value ?? ""; } = "";

    /// <summary>Several, divided by blanks or commas.</summary>
    public string? Alias { get; init; }

    public IReadOnlyList<string>? Command { get; init; }

    public IReadOnlyList<string>? Entrypoint { get; init; }

    public IReadOnlyList<JobVariable>? Variables { get; init; }

    public IReadOnlyList<string>? PullPolicy { get; init; }

    public IReadOnlyList<PortRequest>? Ports { get; init; }

    public ImageExecutorRequest? ExecutorOpts { get; init; }
}

internal sealed record PortRequest
{
    public int Number { get; init; }
}

/// <summary>What is written below `docker:` and `kubernetes:` of an image.</summary>
internal sealed record ImageExecutorRequest
{
    public ImageDockerRequest? Docker { get; init; }

    public ImageKubernetesRequest? Kubernetes { get; init; }
}

internal sealed record ImageDockerRequest
{
    public string? Platform { get; init; }

    public string? User { get; init; }
}

internal sealed record ImageKubernetesRequest
{
    public string? User { get; init; }
}

/// <summary>One cache of the job, nothing of it expanded. GitLab has put its suffix (-protected, -non_protected) to key and fallback keys.</summary>
internal sealed record CacheRequest
{
    public string Key { get; init; } = "";

    public bool Untracked { get; init; }

    /// <summary>pull, push, pull-push, or empty; may hold variables.</summary>
    public string Policy { get; init; } = "";

    public IReadOnlyList<string>? Paths { get; init; }

    /// <summary>on_success, on_failure, always, or empty for on_success.</summary>
    public string When { get; init; } = "";

    public IReadOnlyList<string>? FallbackKeys { get; init; }
}

/// <summary>A login that GitLab gives the job, for example of its registry.</summary>
internal sealed record JobCredential
{
    public string Type { get; init => field = value ?? ""; } = "";

    public string Url { get; init => field = value ?? ""; } = "";

    public string Username { get; init => field = value ?? ""; } = "";

    public string Password { get; init => field = value ?? ""; } = "";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JobResponse))]
internal sealed partial class JobJson : JsonSerializerContext;
