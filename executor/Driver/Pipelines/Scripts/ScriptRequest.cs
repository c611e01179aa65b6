using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Driver.Pipelines.Scripts;

/// <summary>All that the text of a stage's script depends on.</summary>
/// <param name="Variables">With CI_JOB_STATUS as it is at this stage.</param>
/// <param name="Shell">bash or sh: only the first line differs.</param>
internal sealed record ScriptRequest(JobPayload Job, JobVariables Variables, RunnerPaths Paths, string Shell, string? Hostname)
{
    /// <summary>CI_SERVER_URL: what git, artifacts-uploader and artifacts-downloader talk to.</summary>
    public string GitLabUrl => Variables.Get("CI_SERVER_URL") ?? "";

    public bool IsOn(string variable) => Variables.IsTrue(variable);
}
