using System.Text;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Operations.Runner;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>
/// gitlab-runner's config.toml → an options file for each Kubernetes runner in it, the config.toml that calls us, and the
/// report. 1. which runners; 2. each one's options; 3. the runner's file. Pure, but for <see cref="Check"/>.
/// </summary>
internal static class Migration
{
    /// <summary>Below gitlab-runner's own patience (300 s), above stop_grace_period.</summary>
    private const int GracefulKillTimeout = 60;

    /// <exception cref="FailureException">There is nothing to migrate, or the file is no TOML.</exception>
    public static MigratePlan Plan(string text, MigrateRequest request)
    {
        // Step 1
        var source = RunnerConfigFile.Parse(text, request.Source);
        var runners = Choose(source, request);
        var fates = new List<KeyFate>(RunnerMigration.Global(source.Root));
        var files = new List<MigratedFile>();
        var blocks = new Dictionary<int, string>();
        var cachesOfOurs = new HashSet<int>();
        foreach (var runner in runners)
        {
            // Step 2
            var prefix = runners.Count == 1 ? "" : Slug(runner) + "-";
            var cache = CacheMigration.Served(runner);
            var (options, kubernetesFates) = KubernetesMigration.Of(runner.Table.Table("kubernetes") ?? new TomlTable(runner.Table.Line), request);
            fates.AddRange(Named(runner, runners.Count, RunnerMigration.Of(runner, cache is not null)));
            fates.AddRange(Named(runner, runners.Count, kubernetesFates));
            var written = new StringBuilder($"# Written by pod-executor migrate from {Path.GetFileName(request.Source)}, runner {runner.Name}. All keys: docs/settings.md\n\n");
            TomlWriter.Write(written, "kubernetes", options);
            if (cache is not null)
            {
                var (table, secrets, cacheFates) = CacheMigration.Of(cache, prefix, request);
                written.Append('\n');
                TomlWriter.Write(written, "cache", table);
                files.AddRange(secrets);
                fates.AddRange(Named(runner, runners.Count, cacheFates));
                cachesOfOurs.Add(runner.Index);
            }

            var name = prefix + "pod-executor.toml";
            files.Add(new MigratedFile(name, written.ToString(), IsSecret: options.Values.ContainsKey("bearer_token")));
            blocks[runner.Index] = Block(runner, Path.Combine(request.InstallDirectory, name), request.Executable);
        }

        // Step 3
        var edited = RunnerConfigEdit.Apply(text, blocks, index => cachesOfOurs.Contains(index) ? ["kubernetes", "cache"] : ["kubernetes"]);
        files.Add(new MigratedFile("runner-config.toml", edited, IsSecret: true));
        return new MigratePlan(files, [.. fates.OrderBy(f => f.Line == 0).ThenBy(f => f.Line)]);
    }

    /// <summary>What our own reader says of the files: a value that was wrong for gitlab-runner, too, or a file that a key names and that is not there.</summary>
    public static IEnumerable<KeyFate> Check(MigratePlan plan, MigrateRequest request) =>
        from file in plan.Files
        where file.Name.EndsWith("pod-executor.toml", StringComparison.Ordinal)
        from problem in OptionsFile.Parse(file.Text, Path.Combine(request.Output, file.Name)).Problems
        select new KeyFate($"{file.Name}: {problem.Key}", 0, Fate.NotSupported, $"{problem.What}. {problem.Remedy}");

    private static List<RunnerEntry> Choose(RunnerConfigFile source, MigrateRequest request)
    {
        // A template for `gitlab-runner register --template-config` names no executor.
        var able = source.Runners.Where(r => r.Executor == "kubernetes" || (r.Executor.Length == 0 && r.Table.Table("kubernetes") is not null)).ToList();
        var chosen = request.Runner is { } name ? able.FindAll(r => r.Name == name) : able;
        return chosen.Count > 0 ? chosen : throw new FailureException(new Failure(
            FailureKind.System,
            request.Runner is null ? $"{source.Path} has no runner with the Kubernetes executor" : $"{source.Path} has no runner \"{request.Runner}\" with the Kubernetes executor",
            able.Count > 0 ? $"there are: {string.Join(", ", able.Select(r => r.Name))}" : null,
            "Name a config.toml whose [[runners]] have executor = \"kubernetes\"."));
    }

    private static IEnumerable<KeyFate> Named(RunnerEntry runner, int runners, IEnumerable<KeyFate> fates) =>
        runners == 1 ? fates : fates.Select(f => f with { Key = $"{runner.Name}: {f.Key}" });

    private static string Slug(RunnerEntry runner)
    {
        var slug = string.Concat(runner.Name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-')).Trim('-', '.');
        return $"{slug}-{runner.Index + 1}";
    }

    private static string Block(RunnerEntry runner, string options, string executable)
    {
        var block = new StringBuilder();
        if (!runner.Table.Values.ContainsKey("custom_build_dir"))
        {
            block.Append("  [runners.custom_build_dir]\n    enabled = true\n");
        }

        block.Append("  [runners.custom]\n");
        foreach (var call in new[] { "config", "prepare", "run", "cleanup" })
        {
            block.Append($"    {call}_exec = \"{executable}\"\n    {call}_args = [\"--config\", \"{options}\", \"{call}\"]\n");
        }

        return block.Append($"    graceful_kill_timeout = {GracefulKillTimeout}\n").ToString();
    }
}
