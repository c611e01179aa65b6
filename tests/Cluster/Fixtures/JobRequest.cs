using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Tests.Cluster.Fixtures;

/// <summary>What a test asks for; everything else is as in an ordinary job.</summary>
internal sealed record JobRequest(params string[] Script)
{
    private static long _lastId = Random.Shared.NextInt64(1_000_000, 9_000_000);

    public string Image { get; init; } = "docker.io/pex/debian:12";

    public IReadOnlyList<string>? Entrypoint { get; init; }

    public IReadOnlyList<string> AfterScript { get; init; } = [];

    public IReadOnlyList<JobVariable> Variables { get; init; } = [];

    public IReadOnlyList<PayloadImage> Services { get; init; } = [];

    public IReadOnlyList<PayloadCredential> Credentials { get; init; } = [];

    public IReadOnlyList<PayloadArtifact>? Artifacts { get; init; }

    public IReadOnlyList<PayloadCache> Cache { get; init; } = [];

    public PayloadGitInfo? Git { get; init; }

    /// <summary>Null: no repository is fetched.</summary>
    public string? GitStrategy { get; init; } = "none";

    public string PullPolicy { get; init; } = "if-not-present";

    /// <summary>Seconds.</summary>
    public long Timeout { get; init; } = 120;

    /// <summary>More keys of the [kubernetes] table, and tables below it.</summary>
    public string Options { get; init; } = "";

    /// <summary>Null: the test cluster's.</summary>
    public string? Kubeconfig { get; init; }

    public string? Namespace { get; init; }

    public long ProjectId { get; init; } = 7;

    public static JobVariable Variable(string key, string value, bool masked = false) =>
        new() { Key = key, Value = value, Public = !masked, Masked = masked };

    public JobPayload ToPayload() => new()
    {
        Id = Interlocked.Increment(ref _lastId),
        Token = "glcbt-64_token-of-the-test",
        JobInfo = new PayloadJobInfo { Name = "test", Stage = "test", ProjectId = ProjectId, ProjectName = "demo", ProjectFullPath = "group/demo" },
        GitInfo = Git ?? new PayloadGitInfo { RepoUrl = "http://gitlab-ci-token:glcbt-64_token-of-the-test@gitlab.test/group/demo.git", Ref = "main", Sha = new string('a', 40) },
        RunnerInfo = new PayloadRunnerInfo { Timeout = Timeout },
        Variables = [.. GitStrategy is null ? [] : new[] { Variable("GIT_STRATEGY", GitStrategy) }, .. Variables],
        Image = new PayloadImage { Name = Image, Entrypoint = Entrypoint },
        Services = Services,
        Credentials = Credentials,
        Artifacts = Artifacts,
        Cache = Cache,
        Steps = [
            new PayloadStep { Name = "script", Script = Script },
            .. AfterScript.Count == 0 ? [] : new[] { new PayloadStep { Name = "after_script", Script = AfterScript, When = "always" } },
        ],
    };

    public string ToOptions(TestCluster cluster) => $"""
        [kubernetes]
        kubeconfig = "{Kubeconfig ?? cluster.Kubeconfig}"
        namespace = "{Namespace ?? cluster.Namespace}"
        helper_image = "{cluster.HelperImage}"
        pull_policy = ["{PullPolicy}"]
        {Options}
        """;
}
