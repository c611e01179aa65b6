using System.Globalization;
using PodExecutor.Driver.Operations.Runner;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>
/// What must be so in a runner's configuration. Pure but for one look whether a program is there. Sources: gitlab-runner
/// 19.3 common/config.go, common/build.go (WaitForBuildFinishTimeout), executors/custom/custom.go.
/// </summary>
internal static class RunnerRules
{
    /// <summary>The runner gives a stopped job up after this many seconds, and calls cleanup while run still works.</summary>
    private const long RunnerPatience = 300;

    /// <summary>The runner's defaults, seconds.</summary>
    private const long DefaultGracefulKill = 600;
    private const long DefaultExecTimeout = 3600;

    /// <summary>Beyond the script's own grace: for the agent's answer to reach the driver.</summary>
    private const long StopSlack = 15;

    private static readonly IReadOnlyList<string> Calls = ["config", "prepare", "run", "cleanup"];

    /// <summary>Tables of other executors.</summary>
    private static readonly IReadOnlyList<string> OtherExecutors = ["kubernetes", "docker", "machine", "autoscaler", "ssh", "virtualbox", "parallels"];

    /// <summary>A stage's own time is the job's: there is no run_exec_timeout.</summary>
    private static readonly HashSet<string> CustomKeys =
    [
        .. Calls.SelectMany(c => new[] { $"{c}_exec", $"{c}_args" }), "config_exec_timeout", "prepare_exec_timeout", "cleanup_exec_timeout",
        "graceful_kill_timeout", "force_kill_timeout",
    ];

    public static IEnumerable<Finding> Global(RunnerConfigFile file)
    {
        if (file.Runners.Count == 0)
        {
            yield return Finding.Error($"{file.Path} has no [[runners]]", null, "Register the runner: gitlab-runner register.");
        }

        var concurrent = file.Root.Number("concurrent") ?? 1;
        if (concurrent < file.Runners.Count)
        {
            yield return Finding.Warning(
                $"concurrent = {concurrent} is less than the number of runners, {file.Runners.Count}",
                "runners then wait for each other's requests to GitLab",
                $"Set concurrent to at least {file.Runners.Count}.");
        }

        foreach (var runner in file.Runners.Where(r => concurrent > 1 && (r.Table.Number("request_concurrency") ?? 1) <= 1))
        {
            yield return Finding.Note(
                $"runner {runner.Name}: request_concurrency is 1, with concurrent = {concurrent}",
                "GitLab holds a request for work for up to 50 s (long polling), and only one is made at a time",
                "Set request_concurrency to 2 or more where jobs wait though the runner is free.");
        }
    }

    /// <param name="options">Null if they cannot be read: what compares with them is left out.</param>
    public static IEnumerable<Finding> Of(RunnerEntry runner, KubernetesOptions? options, string optionsFile)
    {
        if (runner.Executor != "custom")
        {
            return [runner.Executor == "kubernetes"
                ? Finding.Warning($"runner {runner.Name} still uses the built-in Kubernetes executor", null, "Move it: pod-executor migrate CONFIG.toml")
                : Finding.Note($"runner {runner.Name} has executor \"{runner.Executor}\"", "it does not call pod-executor")];
        }

        var custom = runner.Table.Table("custom") ?? new TomlTable(runner.Table.Line);
        return
        [
            .. Programs(runner, custom, optionsFile),
            .. Unknown(runner, custom),
            .. Times(runner, custom, options),
            .. Directories(runner, custom),
            .. Rest(runner),
        ];
    }

    private static IEnumerable<Finding> Programs(RunnerEntry runner, TomlTable custom, string optionsFile)
    {
        var files = new HashSet<string>();
        foreach (var call in Calls)
        {
            var program = custom.Text($"{call}_exec");
            var arguments = custom.Texts($"{call}_args");
            if (string.IsNullOrEmpty(program))
            {
                yield return Finding.Error(
                    $"runner {runner.Name}: runners.custom.{call}_exec is not set", $"pod-executor needs all four calls, {call} too", $"Set {call}_exec and {call}_args: pod-executor migrate prints the block.");
                continue;
            }

            if (Path.IsPathRooted(program) && !File.Exists(program))
            {
                yield return Finding.Warning($"runner {runner.Name}: {call}_exec {program} is not on this machine", null, "Install it there, or run doctor where gitlab-runner runs.");
            }

            if (arguments is not [.., var verb] || verb != call)
            {
                yield return Finding.Error(
                    $"runner {runner.Name}: {call}_args does not end in \"{call}\"", "gitlab-runner appends the script and the stage, and nothing else", $"Write {call}_args = [\"--config\", \"{optionsFile}\", \"{call}\"].");
            }

            files.Add(ConfigOf(arguments));
        }

        if (files.Count > 1)
        {
            yield return Finding.Error(
                $"runner {runner.Name}: the four calls name different options files: {string.Join(", ", files.Order(StringComparer.Ordinal))}", "a job would be prepared by one and run by another", "Give all four the same --config.");
        }
        else if (files.SingleOrDefault() is { } file && Path.GetFullPath(file) != Path.GetFullPath(optionsFile))
        {
            yield return Finding.Note($"runner {runner.Name} uses {file}, this check looked at {optionsFile}", null, $"Check that file: pod-executor --config {file} doctor");
        }
    }

    private static string ConfigOf(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == "--config" && i + 1 < arguments.Count)
            {
                return arguments[i + 1];
            }

            if (arguments[i].StartsWith("--config=", StringComparison.Ordinal))
            {
                return arguments[i]["--config=".Length..];
            }
        }

        return "/etc/pod-executor/config.toml";
    }

    private static IEnumerable<Finding> Unknown(RunnerEntry runner, TomlTable custom) =>
        custom.Values.Where(v => !CustomKeys.Contains(v.Key)).Select(v => Finding.Warning(
            $"runner {runner.Name}, line {v.Value.Line}: runners.custom.{v.Key} is not a key of the custom executor",
            "gitlab-runner ignores it",
            $"Remove it. There are: {string.Join(", ", CustomKeys.Order(StringComparer.Ordinal))}."));

    private static IEnumerable<Finding> Times(RunnerEntry runner, TomlTable custom, KubernetesOptions? options)
    {
        var graceful = custom.Number("graceful_kill_timeout") ?? DefaultGracefulKill;
        if (graceful >= RunnerPatience)
        {
            yield return Finding.Warning(
                $"runner {runner.Name}: graceful_kill_timeout is {graceful} s",
                $"gitlab-runner gives a stopped job up after {RunnerPatience} s, and calls cleanup while its script still runs",
                $"Set graceful_kill_timeout below {RunnerPatience}, for example 60.");
        }

        if (options is null)
        {
            yield break;
        }

        var needed = (long)options.StopGrace.TotalSeconds + StopSlack;
        if (graceful < needed)
        {
            yield return Finding.Warning(
                $"runner {runner.Name}: graceful_kill_timeout is {graceful} s, a stopped script has stop_grace_period = {options.StopGrace.TotalSeconds:0} s",
                "gitlab-runner would kill pod-executor before the script's last output is there",
                string.Create(CultureInfo.InvariantCulture, $"Set graceful_kill_timeout to {needed} or more, or stop_grace_period lower."));
        }

        var prepare = custom.Number("prepare_exec_timeout") ?? DefaultExecTimeout;
        if (prepare <= (long)options.PollTimeout.TotalSeconds)
        {
            yield return Finding.Warning(
                $"runner {runner.Name}: prepare_exec_timeout is {prepare} s, a pod has poll_timeout = {options.PollTimeout.TotalSeconds:0} s to start",
                "gitlab-runner would end prepare before it can say what it waits for",
                "Set prepare_exec_timeout above poll_timeout.");
        }
    }

    private static IEnumerable<Finding> Directories(RunnerEntry runner, TomlTable custom)
    {
        if (runner.Table.Table("custom_build_dir")?.Flag("enabled") != true)
        {
            yield return Finding.Warning(
                $"runner {runner.Name}: [runners.custom_build_dir] enabled is not true",
                "jobs that set GIT_CLONE_PATH are refused; the built-in Kubernetes executor allows them",
                "Add [runners.custom_build_dir] with enabled = true.");
        }

        foreach (var (key, path) in new[] { ("builds_dir", Pods.PodLayout.BuildsDirectory), ("cache_dir", Pods.PodLayout.CacheDirectory) })
        {
            if (custom.Text("config_exec") is { Length: > 0 } && runner.Table.Text(key) is { } given && given != path)
            {
                yield return Finding.Note($"runner {runner.Name}: {key} = \"{given}\" is not used", $"pod-executor tells gitlab-runner {path}", $"Remove {key}.");
            }
        }
    }

    private static IEnumerable<Finding> Rest(RunnerEntry runner)
    {
        if (runner.Table.Text("shell") is { } shell && shell is not ("bash" or "sh"))
        {
            yield return Finding.Error($"runner {runner.Name}: shell is \"{shell}\"", "the pods are Linux, their shells bash and sh", "Remove shell, or set it to \"bash\".");
        }

        foreach (var table in OtherExecutors.Where(t => runner.Table.Values.ContainsKey(t)))
        {
            yield return Finding.Note($"runner {runner.Name}: [runners.{table}] is read by nobody", "the executor is custom", table == "kubernetes" ? "Move its keys to the options file: pod-executor migrate" : "Remove it.");
        }
    }
}
