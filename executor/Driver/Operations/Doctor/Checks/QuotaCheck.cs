using System.Net;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>Whether a job fits into what the namespace's quotas have left.</summary>
internal static class QuotaCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        var options = context.Options!;
        V1ResourceQuotaList quotas;
        try
        {
            quotas = await context.Api!.GetAsync<V1ResourceQuotaList>($"api/v1/namespaces/{options.Kubernetes.Namespace}/resourcequotas", cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return [Finding.Note("not looked at", "this account may not list resourcequotas", "To have it looked at: pod-executor rbac job doctor")];
        }

        var demand = new PodDemand(PodSpec.Of(SampleJob.Plan(options, id: 0)));
        List<Finding> findings = [.. quotas.Items.SelectMany(q => Judge(q, demand))];
        return findings.Count > 0 ? findings : [Finding.Ok($"namespace {options.Kubernetes.Namespace} has no quota")];
    }

    public static IEnumerable<Finding> Judge(V1ResourceQuota quota, PodDemand demand)
    {
        var hard = quota.Status?.Hard ?? quota.Spec?.Hard ?? new Dictionary<string, ResourceQuantity>();
        var used = quota.Status?.Used ?? new Dictionary<string, ResourceQuantity>();
        List<Finding> troubles = [.. hard.Select(row => Judge(quota.Metadata.Name, row.Key, row.Value, used.TryGetValue(row.Key, out var u) ? u : new ResourceQuantity("0"), demand)).OfType<Finding>()];
        return troubles.Count > 0
            ? troubles
            : [Finding.Ok($"quota {quota.Metadata.Name}: {string.Join(", ", hard.Select(h => $"{h.Key} {(used.TryGetValue(h.Key, out var u) ? u : "0")} of {h.Value}"))}")];
    }

    private static Finding? Judge(string quota, string row, ResourceQuantity hard, ResourceQuantity used, PodDemand demand)
    {
        if (demand.Of(row) is not { } needed)
        {
            return null;
        }

        if (demand.Silent(row) is { } container)
        {
            return Finding.Warning(
                $"quota {quota} counts {row}, and the {container} container sets none",
                "the API server refuses such a pod, unless a limit range gives a default",
                $"Set {Setting(container, row)} in the options file.");
        }

        if (needed > hard.ToDecimal())
        {
            return Finding.Error(
                $"no job ever fits into quota {quota}: {row} is {hard}, one job takes {needed:0.###}", null, $"Raise the quota, or lower {Setting("", row)} in the options file.");
        }

        return needed > hard.ToDecimal() - used.ToDecimal()
            ? Finding.Warning($"no further job fits into quota {quota} now: {row} {used} of {hard}, one job takes {needed:0.###}", null, "Wait for jobs to end, raise the quota, or lower gitlab-runner's concurrent.")
            : null;
    }

    /// <summary>The key of the options file behind a row: "limits.cpu" of the helper is helper_cpu_limit.</summary>
    private static string Setting(string container, string row)
    {
        var prefix = container is "" or Job.Stage.BuildContainer ? "" : container == Job.Stage.HelperContainer ? "helper_" : "service_";
        var resource = row[(row.IndexOf('.', StringComparison.Ordinal) + 1)..].Replace('-', '_');
        return $"kubernetes.{prefix}{resource}_{(row.StartsWith("limits.", StringComparison.Ordinal) ? "limit" : "request")}";
    }
}
