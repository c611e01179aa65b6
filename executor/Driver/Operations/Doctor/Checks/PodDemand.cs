using k8s.Models;

namespace PodExecutor.Driver.Operations.Doctor.Checks;

/// <summary>What a pod asks of a quota: its containers' requests and limits, summed as the quota counts them. Pure.</summary>
internal sealed class PodDemand
{
    private readonly Dictionary<string, decimal> _sums = new() { ["pods"] = 1, ["count/pods"] = 1 };
    private readonly Dictionary<string, string> _unset = [];

    public PodDemand(V1Pod pod)
    {
        foreach (var container in pod.Spec.Containers)
        {
            foreach (var resource in new[] { "cpu", "memory", "ephemeral-storage" })
            {
                var limit = Value(container.Resources?.Limits, resource);
                var request = Value(container.Resources?.Requests, resource) ?? limit;
                Add(container.Name, [$"limits.{resource}"], limit);
                Add(container.Name, [$"requests.{resource}", resource], request);
            }
        }
    }

    /// <summary>What one pod takes of this row of a quota; null: the row does not concern pods.</summary>
    public decimal? Of(string row) => _sums.TryGetValue(row, out var sum) ? sum : null;

    /// <summary>A container that says nothing about a row that the quota has; such pods are refused.</summary>
    public string? Silent(string row) => _unset.GetValueOrDefault(row);

    public static decimal? Value(IDictionary<string, ResourceQuantity>? values, string resource) =>
        values is not null && values.TryGetValue(resource, out var quantity) ? quantity.ToDecimal() : null;

    private void Add(string container, IReadOnlyList<string> rows, decimal? amount)
    {
        foreach (var row in rows)
        {
            _sums[row] = _sums.GetValueOrDefault(row) + (amount ?? 0);
            if (amount is null)
            {
                _unset.TryAdd(row, container);
            }
        }
    }
}
