using System.Globalization;
using System.Text;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.GitLab;

namespace PodExecutor.Driver.Pipelines;

/// <summary>The variables that GitLab sends with every job, in its order. Those of a registry come only from --variable: there is none here.</summary>
internal sealed class PredefinedVariables(Uri server, string projectPath, CommitOutcome commit, long pipelineId, DateTimeOffset created)
{
    private const string NoCommit = "0000000000000000000000000000000000000000";
    private const int SlugLength = 63;

    /// <summary>Those of the pipeline, which rules may ask for, too.</summary>
    public IReadOnlyList<JobVariable> OfPipeline()
    {
        var name = projectPath[(projectPath.LastIndexOf('/') + 1)..];
        var group = projectPath[..^(name.Length + 1)];
        var url = server.ToString().TrimEnd('/');

        // Not Environment.UserName: a static binary on a machine without /etc/passwd would end there.
        var userName = Environment.GetEnvironmentVariable("USER") is { Length: > 0 } user ? user : "try";
        var lines = commit.Message.Split('\n', 2);
        return
        [
            Public("CI_PIPELINE_ID", $"{pipelineId}"), Public("CI_PIPELINE_URL", $"{url}/{projectPath}/-/pipelines/{pipelineId}"),
            Public("CI_NODE_TOTAL", "1"), Public("CI", "true"), Public("GITLAB_CI", "true"),
            Public("CI_SERVER_FQDN", server.Authority), Public("CI_SERVER_URL", url), Public("CI_SERVER_HOST", server.Host),
            Public("CI_SERVER_PORT", $"{server.Port}"), Public("CI_SERVER_PROTOCOL", server.Scheme), Public("CI_SERVER_NAME", "GitLab"),
            Public("CI_SERVER_SHELL_SSH_HOST", server.Host), Public("CI_SERVER_SHELL_SSH_PORT", "22"),
            Public("CI_SERVER_VERSION", "19.3.0"), Public("CI_SERVER_VERSION_MAJOR", "19"), Public("CI_SERVER_VERSION_MINOR", "3"),
            Public("CI_SERVER_VERSION_PATCH", "0"), Public("CI_SERVER_REVISION", "try"), Public("GITLAB_FEATURES", ""),
            Public("CI_PROJECT_ID", "1"), Public("CI_PROJECT_NAME", name), Public("CI_PROJECT_TITLE", name), Public("CI_PROJECT_DESCRIPTION", ""),
            Public("CI_PROJECT_PATH", projectPath), Public("CI_PROJECT_PATH_SLUG", Slug(projectPath)), Public("CI_PROJECT_NAMESPACE", group),
            Public("CI_PROJECT_NAMESPACE_ID", "1"), Public("CI_PROJECT_ROOT_NAMESPACE", group.Split('/')[0]),
            Public("CI_PROJECT_URL", $"{url}/{projectPath}"), Public("CI_PROJECT_VISIBILITY", "private"), Public("CI_DEFAULT_BRANCH", commit.Ref),
            Public("CI_CONFIG_PATH", ".gitlab-ci.yml"), Public("CI_API_V4_URL", $"{url}/api/v4"), Public("CI_API_GRAPHQL_URL", $"{url}/api/graphql"),
            Public("CI_TEMPLATE_REGISTRY_HOST", server.Host), Public("CI_PIPELINE_IID", "1"), Public("CI_PIPELINE_SOURCE", "push"),
            Public("CI_PIPELINE_CREATED_AT", Time(created)), Public("CI_PIPELINE_NAME", ""),
            Public("CI_COMMIT_SHA", commit.Sha), Public("CI_COMMIT_SHORT_SHA", commit.Sha[..8]), Public("CI_COMMIT_BEFORE_SHA", NoCommit),
            Public("CI_COMMIT_REF_NAME", commit.Ref), Public("CI_COMMIT_REF_SLUG", Slug(commit.Ref)), Public("CI_COMMIT_BRANCH", commit.Ref),
            Public("CI_COMMIT_MESSAGE", commit.Message), Public("CI_COMMIT_TITLE", lines[0]),
            Public("CI_COMMIT_DESCRIPTION", lines.Length > 1 ? lines[1].Trim() : ""), Public("CI_COMMIT_REF_PROTECTED", "false"),
            Public("CI_COMMIT_TIMESTAMP", commit.Timestamp), Public("CI_COMMIT_AUTHOR", commit.Author),
            Public("CI_BUILD_REF", commit.Sha), Public("CI_BUILD_REF_NAME", commit.Ref),
            Public("CI_RUNNER_ID", "1"), Public("CI_RUNNER_DESCRIPTION", "pod-executor try"), Public("CI_RUNNER_TAGS", "[]"),
            Public("GITLAB_USER_ID", "1"), Public("GITLAB_USER_EMAIL", "try@pod-executor.invalid"), Public("GITLAB_USER_LOGIN", userName),
            Public("GITLAB_USER_NAME", userName),
        ];
    }

    public IReadOnlyList<JobVariable> OfJob(long id, string name, string stage, string token, DateTimeOffset started) =>
    [
        Public("CI_JOB_ID", $"{id}"), Public("CI_JOB_URL", $"{server.ToString().TrimEnd('/')}/{projectPath}/-/jobs/{id}"),
        Secret("CI_JOB_TOKEN", token), Public("CI_JOB_STARTED_AT", Time(started)), Public("CI_BUILD_ID", $"{id}"), Secret("CI_BUILD_TOKEN", token),
        Secret("CI_REPOSITORY_URL", $"{server.Scheme}://gitlab-ci-token:{token}@{server.Authority}/{projectPath}.git"),
        Public("CI_JOB_NAME", name), Public("CI_JOB_NAME_SLUG", Slug(name)), Public("CI_JOB_STAGE", stage), Public("CI_JOB_GROUP_NAME", name),
        Public("CI_BUILD_NAME", name), Public("CI_BUILD_STAGE", stage),
    ];

    /// <summary>GitLab's slug: lower case, everything but letters and digits a dash, at most 63 long, no dash at either end.</summary>
    public static string Slug(string text)
    {
        var slug = new StringBuilder(text.Length);
        foreach (var c in text.ToLowerInvariant())
        {
            slug.Append(char.IsAsciiLetterOrDigit(c) ? c : '-');
        }

        return slug.ToString(0, Math.Min(SlugLength, slug.Length)).Trim('-');
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static JobVariable Public(string key, string value) => new() { Key = key, Value = value, Public = true, Raw = key.StartsWith("CI_COMMIT_", StringComparison.Ordinal) };

    private static JobVariable Secret(string key, string value) => new() { Key = key, Value = value, Masked = true };
}
