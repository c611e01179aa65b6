using PodExecutor.Driver.Job;
using PodExecutor.Driver.Pipelines.Runner;

namespace PodExecutor.Bench.Cluster;

/// <summary>A job without sources, cache and artifacts, and the options that the driver runs it with.</summary>
internal static class BenchJob
{
    /// <summary>Of our pods and of the bare ones.</summary>
    public const int GraceSeconds = 1;

    public static JobPayload Payload(long id, params string[] script) => new()
    {
        Id = id,
        Token = "bench-token",
        JobInfo = new PayloadJobInfo { Name = "bench", Stage = "test", ProjectId = 1, ProjectName = "bench", ProjectFullPath = "bench/bench" },
        GitInfo = new PayloadGitInfo { RepoUrl = "http://gitlab.test/bench/bench.git", Ref = "main", Sha = new string('a', 40) },
        Variables = [new JobVariable { Key = "GIT_STRATEGY", Value = "none", Public = true }],
        Steps = [new PayloadStep { Name = "script", Script = script }],
    };

    /// <param name="more">Keys of the [kubernetes] table, and tables after it.</param>
    public static string Options(BenchSettings settings, string ns, string kubeconfig, string more = "") => $"""
        [kubernetes]
        kubeconfig = "{kubeconfig}"
        namespace = "{ns}"
        image = "{settings.Image}"
        helper_image = "{settings.HelperImage}"
        pull_policy = "if-not-present"
        cleanup_grace_period_seconds = {GraceSeconds}
        {more}
        """;

    /// <summary>How gitlab-runner would call the driver.</summary>
    public static RunnerOptions Runner(BenchSettings settings, string optionsFile, string folder)
    {
        string[] Call(string name) => ["--config", optionsFile, name];
        return new RunnerOptions
        {
            Executable = settings.Driver,
            ConfigArguments = Call("config"),
            PrepareArguments = Call("prepare"),
            RunArguments = Call("run"),
            CleanupArguments = Call("cleanup"),
            TemporaryDirectory = folder,
            PreparationTries = 1,
            GracefulKill = TimeSpan.FromSeconds(20),
        };
    }
}
