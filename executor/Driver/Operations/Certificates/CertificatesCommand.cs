using System.CommandLine;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Commands;
using PodExecutor.Driver.Options;

namespace PodExecutor.Driver.Operations.Certificates;

/// <summary>
/// <c>pod-executor certificates</c>: what buildkitd and the executor need for mutual TLS, as three Secrets. A Job of
/// deploy/kubernetes runs it at each installation; with cert-manager nobody does.
/// </summary>
internal static class CertificatesCommand
{
    private const string OwnNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

    public static Command Build(Option<string> config)
    {
        var service = new Option<string>("--service") { HelpName = "NAME", Description = "buildkitd's Service; the Secrets are NAME-ca, NAME-server, NAME-client.", DefaultValueFactory = _ => "buildkitd" };
        var ns = new Option<string?>("--namespace") { HelpName = "NS", Description = "Of Service and Secrets. Default: that of the pod we run in, else that of the options file." };
        var names = new Option<string[]>("--dns-name") { HelpName = "NAME", Description = "Under which clients reach buildkitd, beside the Service's names; may be repeated." };
        var command = new Command("certificates", "Makes or renews the certificates of buildkitd and of the executor, as Secrets.") { service, ns, names };
        command.SetAction((parse, _) => OperatorCall.RunAsync("certificates", async cancel =>
        {
            var options = OptionsFile.Load(parse.GetValue(config)!).Kubernetes;
            var own = File.Exists(OwnNamespace) ? (await File.ReadAllTextAsync(OwnNamespace, cancel)).Trim() : null;
            var request = new CertificatesRequest(parse.GetValue(ns) ?? own ?? options.Namespace, parse.GetValue(service)!, parse.GetValue(names) ?? []);
            using var api = Connection.Open(options, TimeProvider.System);
            await CertificateRounds.RunAsync(request, new CertificateStore(api, request.Namespace), Console.Out, TimeProvider.System.GetUtcNow(), cancel);
            return 0;
        }));
        return command;
    }
}
