using System.CommandLine;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Commands;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Gc;

/// <summary>
/// <c>pod-executor gc</c>: sweeps what no cleanup reached. Safe beside running jobs, needs nothing but the cluster, may be
/// repeated. Exit code: 0 done, 1 something dead could not be deleted.
/// </summary>
internal static class GcCommand
{
    private const string DefaultGrace = "10m";

    public static Command Build(Option<string> config)
    {
        var namespaces = new Option<string[]>("--namespace") { HelpName = "NS", Description = "Sweep here; may be repeated. Default: the namespace of the options file, with namespace_per_job all." };
        var all = new Option<bool>("--all-namespaces") { Description = "Sweep in all namespaces; needs a ClusterRole." };
        var grace = new Option<string>("--grace") { HelpName = "TIME", Description = "How long something must have been dead.", DefaultValueFactory = _ => DefaultGrace };
        var olderThan = new Option<string?>("--older-than") { HelpName = "TIME", Description = "Pods of this age are swept even if their job may still run." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would be swept." };
        var command = new Command("gc", "Sweeps pods, Secrets, namespaces and state files of dead jobs.") { namespaces, all, grace, olderThan, dryRun };
        command.SetAction((parse, _) => OperatorCall.RunAsync("gc", async cancel =>
        {
            var options = OptionsFile.Load(parse.GetValue(config)!).Kubernetes;
            IReadOnlyList<string> named = parse.GetValue(namespaces) is { Length: > 0 } given ? given : options.NamespacePerJob ? [] : [options.Namespace];
            var request = new GcRequest(
                parse.GetValue(all) ? [] : named,
                Duration("--grace", parse.GetValue(grace)!),
                parse.GetValue(olderThan) is { } age ? Duration("--older-than", age) : null,
                parse.GetValue(dryRun))
            { SweepNamespaces = options.NamespacePerJob };
            var files = await new StaleJobFiles(Path.GetTempPath(), request, Console.Out).SweepAsync(TimeProvider.System.GetUtcNow());
            using var api = Connection.Open(options, TimeProvider.System);
            return await new GcSession(api, request, options.CleanupGrace, Console.Out, TimeProvider.System).RunAsync(cancel) && files ? 0 : 1;
        }));
        return command;
    }

    private static TimeSpan Duration(string option, string text) => GoDuration.TryParse(text, out var duration) ? duration : throw new FailureException(new Failure(
        FailureKind.System, $"{option}: \"{text}\" is no duration", null, "Write for example \"10m\" or \"1h30m\"."));
}
