using System.CommandLine;
using PodExecutor.Driver.Commands;
using PodExecutor.Driver.Failures;

namespace PodExecutor.Driver.Operations.Migrate;

/// <summary>
/// <c>pod-executor migrate CONFIG.toml</c>: from the built-in Kubernetes executor to us. Exit code: 0 all went over, 1
/// something did not: the report says what and what instead.
/// </summary>
internal static class MigrateCommand
{
    public static Command Build()
    {
        var source = new Argument<string>("CONFIG") { Description = "gitlab-runner's config.toml, or a template of one." };
        var runner = new Option<string?>("--runner") { HelpName = "NAME", Description = "Only this runner. Default: each with the Kubernetes executor." };
        var output = new Option<string>("--output") { HelpName = "DIR", Description = "Where the new files go.", DefaultValueFactory = _ => "." };
        var install = new Option<string?>("--install-dir") { HelpName = "DIR", Description = "Where they will lie when gitlab-runner uses them. Default: --output." };
        var executable = new Option<string>("--executable") { HelpName = "FILE", Description = "pod-executor as gitlab-runner finds it.", DefaultValueFactory = _ => "/usr/local/bin/pod-executor" };
        var helper = new Option<string?>("--helper-image") { HelpName = "IMAGE", Description = "pod-executor's helper image in your registry." };
        var privileged = new Option<bool>("--keep-privileged") { Description = "Keep privileged = true, which image builds no longer need." };
        var sockets = new Option<bool>("--keep-sockets") { Description = "Keep host_path volumes of sockets, which image builds no longer need." };
        var force = new Option<bool>("--force") { Description = "Overwrite files that are there." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only report." };
        var json = new Option<bool>("--json") { Description = "The report as one JSON object on stdout." };
        var noColor = new Option<bool>("--no-color") { Description = "No colours, as without a terminal." };
        var command = new Command("migrate", "Turns gitlab-runner's config.toml with the Kubernetes executor into pod-executor's, and tells what became of each key.")
        {
            source, runner, output, install, executable, helper, privileged, sockets, force, dryRun, json, noColor,
        };
        command.SetAction((parse, _) => OperatorCall.RunAsync("migrate", _ =>
        {
            var folder = parse.GetValue(output)!;
            var request = new MigrateRequest
            {
                Source = parse.GetValue(source)!,
                Runner = parse.GetValue(runner),
                Output = folder,
                InstallDirectory = parse.GetValue(install) ?? Path.GetFullPath(folder),
                Executable = parse.GetValue(executable)!,
                HelperImage = parse.GetValue(helper),
                KeepPrivileged = parse.GetValue(privileged),
                KeepSockets = parse.GetValue(sockets),
                Overwrite = parse.GetValue(force),
                DryRun = parse.GetValue(dryRun),
            };
            return Task.FromResult(Run(request, parse.GetValue(json), color: !parse.GetValue(noColor) && !Console.IsOutputRedirected));
        }));
        return command;
    }

    private static int Run(MigrateRequest request, bool json, bool color)
    {
        var plan = Migration.Plan(Read(request.Source), request);
        plan = plan with { Fates = [.. plan.Fates, .. Migration.Check(plan, request)] };
        if (!request.DryRun)
        {
            MigrationFiles.Write(plan.Files, request.Output, request.Overwrite);
        }

        if (json)
        {
            using var stdout = Console.OpenStandardOutput();
            MigrateReport.WriteJson(plan, request, stdout);
        }
        else
        {
            MigrateReport.Write(plan, request, Console.Out, color);
        }

        return plan.Fates.Any(f => f.Fate == Fate.NotSupported) ? 1 : 0;
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(new Failure(FailureKind.System, $"{path} cannot be read", e.Message, "Name gitlab-runner's config.toml."), e);
        }
    }
}
