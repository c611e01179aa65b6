using System.Text.Json;
using System.Text.Json.Serialization;
using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>
/// A job as GitLab sends it and as gitlab-runner 19.3 writes it again to JOB_RESPONSE_FILE (common/spec/spec.go, Job). Unlike
/// <see cref="JobResponse"/>, which holds what the driver reads, this holds every key, in the runner's order.
/// </summary>
internal sealed record JobPayload
{
    public required long Id { get; init; }

    public required string Token { get; init; }

    public bool AllowGitFetch { get; init; } = true;

    public required PayloadJobInfo JobInfo { get; init; }

    public required PayloadGitInfo GitInfo { get; init; }

    public PayloadRunnerInfo RunnerInfo { get; init; } = new();

    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();

    /// <summary>Not expanded; of several with the same name the last wins.</summary>
    public IReadOnlyList<JobVariable> Variables { get; init; } = [];

    public IReadOnlyList<PayloadStep> Steps { get; init; } = [];

    public PayloadImage Image { get; init; } = new();

    public IReadOnlyList<PayloadImage> Services { get; init; } = [];

    public IReadOnlyList<PayloadArtifact>? Artifacts { get; init; }

    public IReadOnlyList<PayloadCache> Cache { get; init; } = [];

    public IReadOnlyList<PayloadCredential> Credentials { get; init; } = [];

    public IReadOnlyList<PayloadDependency> Dependencies { get; init; } = [];

    public PayloadFeatures Features { get; init; } = new();

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PayloadHook>? Hooks { get; init; }

    public PayloadPolicyOptions PolicyOptions { get; init; } = new();

    public PayloadSuspendOptions SuspendOptions { get; init; } = new();

    /// <summary>One line, as the runner writes it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, PayloadJson.Default.JobPayload);
}

internal sealed record PayloadJobInfo
{
    public string Name { get; init; } = "";

    public string Stage { get; init; } = "";

    public long PipelineId { get; init; }

    public long ProjectId { get; init; }

    public string ProjectName { get; init; } = "";

    public string ProjectFullPath { get; init; } = "";

    public long NamespaceId { get; init; } = 1;

    public long RootNamespaceId { get; init; } = 1;

    public long OrganizationId { get; init; } = 1;

    public string InstanceId { get; init; } = "try";

    public string InstanceUuid { get; init; } = "try";

    public long UserId { get; init; } = 1;

    public double TimeInQueueSeconds { get; init; }

    public string ProjectJobsRunningOnInstanceRunnersCount { get; init; } = "0";

    public int QueueSize { get; init; } = 1;

    public int QueueDepth { get; init; } = 1;
}

internal sealed record PayloadGitInfo
{
    /// <summary>With the job's token in it.</summary>
    public string RepoUrl { get; init; } = "";

    public string RepoObjectFormat { get; init; } = "sha1";

    public string Ref { get; init; } = "";

    public string Sha { get; init; } = "";

    public string BeforeSha { get; init; } = "0000000000000000000000000000000000000000";

    public string RefType { get; init; } = "branch";

    public IReadOnlyList<string> Refspecs { get; init; } = [];

    public int Depth { get; init; } = 20;

    public bool? Protected { get; init; } = false;
}

internal sealed record PayloadRunnerInfo
{
    public string Uuid { get; init; } = "runner-1";

    public long Timeout { get; init; } = 3600;
}

internal sealed record PayloadStep
{
    /// <summary>script, after_script, or another name, which becomes stage step_NAME.</summary>
    public required string Name { get; init; }

    public IReadOnlyList<string> Script { get; init; } = [];

    public long Timeout { get; init; } = 3600;

    public string When { get; init; } = "on_success";

    public bool AllowFailure { get; init; }
}

internal sealed record PayloadHook
{
    public required string Name { get; init; }

    public IReadOnlyList<string> Script { get; init; } = [];
}

/// <summary>An image or a service.</summary>
internal sealed record PayloadImage
{
    public string Name { get; init; } = "";

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Alias { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Command { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Entrypoint { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<JobVariable>? Variables { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? PullPolicy { get; init; }

    public PayloadExecutorOptions ExecutorOpts { get; init; } = new();
}

internal sealed record PayloadExecutorOptions
{
    public PayloadDockerOptions Docker { get; init; } = new();

    public PayloadKubernetesOptions Kubernetes { get; init; } = new();
}

internal sealed record PayloadDockerOptions
{
    public string Platform { get; init; } = "";

    public string User { get; init; } = "";
}

internal sealed record PayloadKubernetesOptions
{
    public string User { get; init; } = "";
}

internal sealed record PayloadArtifact
{
    public string Name { get; init; } = "";

    public bool Untracked { get; init; }

    public IReadOnlyList<string> Paths { get; init; } = [];

    public IReadOnlyList<string>? Exclude { get; init; }

    public string When { get; init; } = "on_success";

    public string ArtifactType { get; init; } = "archive";

    public string ArtifactFormat { get; init; } = "zip";

    public string ExpireIn { get; init; } = "";
}

internal sealed record PayloadCache
{
    public string Key { get; init; } = "";

    public bool Untracked { get; init; }

    public string Policy { get; init; } = "pull-push";

    public IReadOnlyList<string> Paths { get; init; } = [];

    public string When { get; init; } = "on_success";

    public IReadOnlyList<string> FallbackKeys { get; init; } = [];
}

internal sealed record PayloadCredential
{
    public string Type { get; init; } = "registry";

    public string Url { get; init; } = "";

    public string Username { get; init; } = "";

    public string Password { get; init; } = "";
}

internal sealed record PayloadDependency
{
    public long Id { get; init; }

    public string Token { get; init; } = "";

    public string Name { get; init; } = "";

    public PayloadArtifactsFile ArtifactsFile { get; init; } = new();
}

internal sealed record PayloadArtifactsFile
{
    public string Filename { get; init; } = "";

    public long Size { get; init; }
}

internal sealed record PayloadFeatures
{
    public bool TraceSections { get; init; } = true;

    public IReadOnlyList<string> TokenMaskPrefixes { get; init; } = ["glpat-", "glcbt-"];

    public IReadOnlyList<string> FailureReasons { get; init; } =
        ["unknown_failure", "script_failure", "runner_system_failure", "job_execution_timeout"];

    // The runner writes the key although there is nothing in it.
    public string? Tracing { get; init; }
}

internal sealed record PayloadPolicyOptions
{
    public bool ExecutionPolicyJob { get; init; }

    public string PolicyName { get; init; } = "";
}

internal sealed record PayloadSuspendOptions;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JobPayload))]
internal sealed partial class PayloadJson : JsonSerializerContext;
