using PodExecutor.Driver.Operations.Runner;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>
/// The keys of [[runners]] itself. Pure. They are gitlab-runner's own and work with any executor, so they stay where they
/// are; here stand the exceptions.
/// </summary>
internal static class RunnerMigration
{
    private const string Stays = "stays in gitlab-runner's config.toml";

    /// <summary>Flags of the Kubernetes executor: what they switch on is always so, or no longer there.</summary>
    private static readonly Dictionary<string, (Fate Fate, string Text)> Flags = new()
    {
        ["FF_USE_ADVANCED_POD_SPEC_CONFIGURATION"] = (Fate.NotNeeded, "[[kubernetes.pod_spec]] needs no flag"),
        ["FF_USE_LEGACY_KUBERNETES_EXECUTION_STRATEGY"] = (Fate.NotNeeded, "scripts belong to an agent in the pod, not to a connection"),
        ["FF_PRINT_POD_EVENTS"] = (Fate.NotNeeded, "what a pod waits for is always told"),
        ["FF_RETRIEVE_POD_WARNING_EVENTS"] = (Fate.NotNeeded, "print_pod_warning_events is on"),
        ["FF_WAIT_FOR_POD_TO_BE_REACHABLE"] = (Fate.NotNeeded, "the first contact is retried"),
        ["FF_USE_POD_ACTIVE_DEADLINE_SECONDS"] = (Fate.NotNeeded, "every pod has its job's timeout as deadline"),
        ["FF_USE_DUMB_INIT_WITH_KUBERNETES_EXECUTOR"] = (Fate.NotNeeded, "the agent reaps what jobs leave"),
        ["FF_DISABLE_UMASK_FOR_KUBERNETES_EXECUTOR"] = (Fate.NotNeeded, "all stages run as one user; no umask is changed"),
        ["FF_LOG_IMAGES_CONFIGURED_FOR_JOB"] = (Fate.NotNeeded, "the log names the images"),
        ["FF_SUSPENDABLE_ENVIRONMENTS"] = (Fate.NotSupported, "the custom executor cannot suspend jobs"),
        ["FF_KUBERNETES_HONOR_ENTRYPOINT"] = (Fate.NotSupported, "set it as a variable of the project or job: pod-executor reads it there"),
    };

    public static IEnumerable<KeyFate> Of(RunnerEntry runner, bool isCacheOurs)
    {
        foreach (var (key, value) in runner.Table.Values.Where(v => v.Key is not "kubernetes" && !(v.Key is "cache" && isCacheOurs)))
        {
            if (key == "feature_flags" && value.Value is TomlTable flags)
            {
                foreach (var (flag, setting) in flags.Values)
                {
                    yield return new KeyFate($"runners.feature_flags.{flag}", setting.Line, Flags.TryGetValue(flag, out var known) ? known.Fate : Fate.Kept, Flags.TryGetValue(flag, out known) ? known.Text : Stays);
                }

                continue;
            }

            yield return Key(key, value);
        }

        if (!runner.Table.Values.ContainsKey("custom_build_dir"))
        {
            yield return new KeyFate("runners.custom_build_dir", 0, Fate.OtherDefault, "enabled = true is added: it is off for the custom executor, and GIT_CLONE_PATH would be refused");
        }
    }

    /// <summary>Keys outside of [[runners]].</summary>
    public static IEnumerable<KeyFate> Global(TomlTable root) =>
        root.Values.Where(v => v.Key != "runners").Select(v => v.Key == "session_server"
            ? new KeyFate(v.Key, v.Value.Line, Fate.NotSupported, "the custom executor has no web terminal")
            : new KeyFate(v.Key, v.Value.Line, Fate.Kept, Stays));

    private static KeyFate Key(string key, TomlValue value) => key switch
    {
        "executor" => new KeyFate("runners.executor", value.Line, Fate.Renamed, "custom, with the block [runners.custom]"),
        "builds_dir" or "cache_dir" => new KeyFate($"runners.{key}", value.Line, Fate.NotNeeded, "pod-executor tells gitlab-runner its own; mount a volume there if you need one"),
        "cache" => new KeyFate("runners.cache", value.Line, Fate.Kept, $"{Stays}: pod-executor's own cache is for S3 only, others go by gitlab-runner's scripts"),
        _ => new KeyFate($"runners.{key}", value.Line, Fate.Kept, Stays),
    };
}
