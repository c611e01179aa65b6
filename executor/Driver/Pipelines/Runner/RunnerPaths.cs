using PodExecutor.Driver.Job;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>Where the job works, decided after config (common/build.go StartBuild, ProjectUniqueDir).</summary>
internal sealed record RunnerPaths(string BuildsDir, string CacheDir, string BuildDir)
{
    /// <summary>During config nothing is decided yet; RUNNER_TEMP_PROJECT_DIR is then ".tmp".</summary>
    public static RunnerPaths Undecided { get; } = new("", "", "");

    /// <summary>Beside the build directory: file variables, git's template, GITLAB_ENV.</summary>
    public string TempDir => BuildDir + ".tmp";

    public string GitLabEnv => TempDir + "/gitlab_runner_env";

    public static RunnerPaths Decide(RunnerOptions options, RunnerConfig config, JobPayload job, JobVariables variables)
    {
        var builds = (config.BuildsDir ?? options.BuildsDir).TrimEnd('/');
        var unique = config.BuildsDirIsShared == true ? $"{options.ShortToken}/{options.ConcurrentProjectId}/" : "";
        var empty = variables.Get("GIT_STRATEGY") == "empty" ? "-empty" : "";
        return new RunnerPaths(builds, (config.CacheDir ?? options.CacheDir).TrimEnd('/'), $"{builds}/{unique}{job.JobInfo.ProjectFullPath}{empty}");
    }
}
