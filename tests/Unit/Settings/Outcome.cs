using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using PodExecutor.Driver.Failures;
using PodExecutor.Driver.Job;
using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>What comes of options and a job: problems, refusals, or the pod and all that was decided beside it, as YAML text.</summary>
internal static class Outcome
{
    public static string Of(TomlTable table, string folder)
    {
        var (options, problems) = OptionsFile.Parse(table, new OptionsSource(Path.Combine(folder, "options.toml"), []));
        if (problems.Count > 0)
        {
            return Yaml.Of(new JsonObject { ["problems"] = Lines(problems.Select(p => $"{p.Line} {p.Key} {p.What} {p.Remedy}")) });
        }

        try
        {
            var job = Path.Combine(folder, "job.json");
            var request = JobRequest.Read(name => name switch { "JOB_RESPONSE_FILE" => job, "CUSTOM_ENV_CI_CONCURRENT_ID" => "3", _ => null });
            return Yaml.Of(Of(Admission.Decide(request, options), options));
        }
        catch (FailureException e)
        {
            return Yaml.Of(new JsonObject { ["refused"] = new JsonArray([.. e.Failures.Select(Refusal)]) });
        }
    }

    private static JsonObject Of(JobPlan plan, ExecutorOptions options)
    {
        var pod = PodManifest.Of(plan, ServerNeeds.WantsSidecars(plan));
        var result = new JsonObject();
        Add(result, "log", Lines(plan.Notices));
        Add(result, "connection", Connection(options.Kubernetes));
        Add(result, "beside", Beside(plan, pod));
        result["times"] = Times(plan.Options);
        result["pod"] = JsonNode.Parse(pod);
        result["pod"]!["metadata"]!["labels"]!["manager.runner.gitlab.com/name"] = "MACHINE";
        return result;
    }

    private static JsonObject Connection(KubernetesOptions options) => Present(
        ("host", options.Connection.Host),
        ("cert_file", options.Connection.CertFile),
        ("key_file", options.Connection.KeyFile),
        ("ca_file", options.Connection.CaFile),
        ("bearer_token", options.Connection.BearerToken is null ? null : "given"),
        ("kubeconfig", options.Kubeconfig),
        ("context", options.Context));

    private static JsonObject Beside(JobPlan plan, string pod)
    {
        var result = Present(
            ("own_namespace", plan.OwnsNamespace ? plan.Pod.Namespace : null),
            ("shares_builds", plan.SharesBuilds ? "true" : null),
            ("pull_policies", plan.Build.PullPolicies.Count > 1 ? string.Join(", ", plan.Build.PullPolicies) : null),
            ("ports", string.Join(", ", plan.Services.SelectMany(s => s.Ports.Select(p => $"{s.Container}:{p}"))) is { Length: > 0 } ports ? ports : null),
            ("needs", string.Join(", ", ServerNeeds.Of(plan).Select(n => $"{n.Setting} 1.{n.Minor}")) is { Length: > 0 } needs ? needs : null));
        Add(result, "secrets", Lines(new[] { JobSecrets.Pull(plan), JobSecrets.Services(plan) }.OfType<V1Secret>().Select(s => $"{s.Metadata.Name}: {string.Join(", ", s.Data.Keys)}")));
        if (plan.Options.Scheduling.DisruptionBudget)
        {
            result["disruption_budget"] = PodCompanions.Budget(KubernetesJson.Deserialize<V1Pod>(pod), "policy/v1");
        }

        return result;
    }

    private static JsonObject Times(KubernetesOptions options) => Present(
        ("poll", $"{options.PollTimeout.TotalSeconds}"),
        ("retry", $"{options.RetryBudget.TotalSeconds}"),
        ("stop", $"{options.StopGrace.TotalSeconds}"),
        ("cleanup_grace", $"{options.CleanupGrace.TotalSeconds}"),
        ("cleanup", $"{options.CleanupTimeout.TotalSeconds}"),
        ("request", $"{options.RequestTimeout.TotalSeconds}"),
        ("services", $"{options.ServicesTimeout.TotalSeconds}"),
        ("warnings", $"{options.PrintPodWarningEvents}"));

    private static JsonObject Refusal(Failure failure) => Present(
        ("kind", failure.Kind.ToString()), ("what", failure.What), ("why", failure.Why), ("help", failure.Hint));

    private static JsonObject Present(params IEnumerable<(string Name, string? Value)> fields) =>
        new(fields.Where(f => f.Value is not null).Select(f => KeyValuePair.Create(f.Name, (JsonNode?)f.Value)));

    private static JsonArray Lines(IEnumerable<string> lines) => [.. lines.Select(l => (JsonNode)l)];

    private static void Add(JsonObject to, string name, JsonNode part)
    {
        if (part is JsonArray { Count: > 0 } or JsonObject { Count: > 0 })
        {
            to[name] = part;
        }
    }
}
