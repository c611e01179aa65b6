namespace PodExecutor.Driver.Job;

/// <summary>
/// A sub-stage of gitlab-runner: its name tells which container runs it. User code runs in the build container, the runner's
/// own scripts in the helper. A name that we do not know is user code: step_NAME is, and so may be what comes later.
/// Source: gitlab-runner common/build.go; the names are listed in docs/executors/custom.md.
/// </summary>
internal readonly record struct Stage(string Name)
{
    public const string BuildContainer = "build";
    public const string HelperContainer = "helper";

    public string Container => Name switch
    {
        "prepare_script" or "get_sources" or "clear_worktree" or "restore_cache" or "download_artifacts" => HelperContainer,
        "archive_cache" or "archive_cache_on_failure" => HelperContainer,
        "upload_artifacts_on_success" or "upload_artifacts_on_failure" => HelperContainer,
        "cleanup_file_variables" => HelperContainer,
        _ => BuildContainer,
    };

    /// <summary>What every runner sends first: nothing of the job's author has run in the pod yet.</summary>
    public bool IsFirst => Name == "prepare_script";

    /// <summary>What every newer runner sends last.</summary>
    public bool IsLast => Name == "cleanup_file_variables";

    /// <summary>Ours instead of the runner's script, if the operator has given us a store.</summary>
    public bool IsCache => Name is "restore_cache" or "archive_cache" or "archive_cache_on_failure";

    public bool IsUserCode => Container == BuildContainer;
}
