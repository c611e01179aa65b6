using System.Net;
using k8s.Models;
using PodExecutor.Driver.Cluster;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>Whether the containers' limits and requests are within the namespace's limit ranges.</summary>
internal static class LimitRangeCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(DoctorContext context, CancellationToken cancel)
    {
        var options = context.Options!;
        V1LimitRangeList ranges;
        try
        {
            ranges = await context.Api!.GetAsync<V1LimitRangeList>($"api/v1/namespaces/{options.Kubernetes.Namespace}/limitranges", cancel);
        }
        catch (ApiException e) when (e.Status == HttpStatusCode.Forbidden)
        {
            return [Finding.Note("not looked at", "this account may not list limitranges", "To have it looked at: pod-executor rbac job doctor")];
        }

        if (ranges.Items.Count == 0)
        {
            return [Finding.Ok($"namespace {options.Kubernetes.Namespace} has none")];
        }

        var pod = PodSpec.Of(SampleJob.Plan(options, id: 0));
        List<Finding> troubles = [.. ranges.Items.SelectMany(r => Judge(r, pod))];
        return troubles.Count > 0 ? troubles : [.. ranges.Items.Select(r => Finding.Ok($"a job is within {r.Metadata.Name}"))];
    }

    public static IEnumerable<Finding> Judge(V1LimitRange range, V1Pod pod) =>
        from item in range.Spec.Limits
        where item.Type == "Container"
        from container in pod.Spec.Containers
        from finding in Judge(range.Metadata.Name, item, container)
        select finding;

    private static IEnumerable<Finding> Judge(string range, V1LimitRangeItem item, V1Container container)
    {
        foreach (var (resource, most) in item.Max ?? new Dictionary<string, ResourceQuantity>())
        {
            var values = new[] { PodDemand.Value(container.Resources?.Limits, resource), PodDemand.Value(container.Resources?.Requests, resource) };
            if (values.Max() > most.ToDecimal())
            {
                yield return Outside(range, container.Name, resource, $"above the most that it allows, {most}");
            }
        }

        foreach (var (resource, least) in item.Min ?? new Dictionary<string, ResourceQuantity>())
        {
            var request = PodDemand.Value(container.Resources?.Requests, resource) ?? PodDemand.Value(container.Resources?.Limits, resource);
            if (request < least.ToDecimal())
            {
                yield return Outside(range, container.Name, resource, $"below the least that it allows, {least}");
            }
        }
    }

    private static Finding Outside(string range, string container, string resource, string how) => Finding.Error(
        $"limit range {range} refuses every job: the {resource} of the {container} container is {how}", null, $"Change the {resource} settings of the options file, or the limit range.");
}
