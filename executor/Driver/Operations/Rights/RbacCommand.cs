using System.CommandLine;
using System.Text.RegularExpressions;
using PodExecutor.Driver.Commands;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Rights;

/// <summary><c>pod-executor rbac [PART…]</c>: prints the account, Role and binding that this options file needs.</summary>
internal static partial class RbacCommand
{
    public static Command Build(Option<string> config)
    {
        var parts = new Argument<string[]>("PART") { Description = "What the account is for: job (gitlab-runner's calls), gc, doctor. Default: job.", Arity = ArgumentArity.ZeroOrMore };
        parts.AcceptOnlyFromAmong("job", "gc", "doctor");
        var ns = new Option<string?>("--namespace") { HelpName = "NS", Description = "The jobs' namespace. Default: that of the options file, else default." };
        var account = new Option<string>("--account") { HelpName = "NAME", Description = "The name of account, Role and binding.", DefaultValueFactory = _ => "pod-executor" };
        var command = new Command("rbac", "Prints the ServiceAccount and the minimal Role for it, for kubectl apply -f -.") { parts, ns, account };
        command.SetAction((parse, _) => OperatorCall.RunAsync("rbac", async _ =>
        {
            // An installation is prepared before there is an options file; a file that is named must be there.
            var file = parse.GetValue(config)!;
            var given = parse.GetResult(config) is { Implicit: false };
            var options = given || File.Exists(file) ? OptionsFile.Load(file).Kubernetes : null;
            var uses = (parse.GetValue(parts) is { Length: > 0 } named ? named : ["job"]).Select(Use).ToHashSet();
            var manifest = RoleManifest.Of(
                ClusterRights.For(uses, options),
                Name("--namespace", parse.GetValue(ns) ?? options?.Namespace ?? "default"),
                Name("--account", parse.GetValue(account)!));
            await Console.Out.WriteAsync(manifest);
            return 0;
        }));
        return command;
    }

    private static RightUse Use(string word) => word switch
    {
        "gc" => RightUse.Gc,
        "doctor" => RightUse.Doctor,
        _ => RightUse.Job,
    };

    private static string Name(string option, string value) => DnsLabel().IsMatch(value) ? value : throw new FailureException(new Failure(
        FailureKind.System, $"{option}: \"{value}\" is no name for Kubernetes", null, "Use at most 63 lower-case letters, digits and hyphens."));

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
    private static partial Regex DnsLabel();
}
