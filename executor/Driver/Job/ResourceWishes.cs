using PodExecutor.Driver.Options;
using PodExecutor.Driver.Pods;

namespace PodExecutor.Driver.Job;

/// <summary>Requests and limits: the operator's, and a job's wish where it stays below the cap.</summary>
internal sealed class ResourceWishes(Overwrites overwrites, Decision decision)
{
    /// <param name="field">"", "Helper", "Service" or "Pod", as in the built-in executor's messages.</param>
    /// <param name="wish">A variable by its name without KUBERNETES_: "CPU_LIMIT".</param>
    public ResourceOptions Of(string field, ResourceOptions given, ResourceOptions caps, Func<string, (string Variable, string? Value)> wish)
    {
        var setting = field.Length == 0 ? "" : field.ToLowerInvariant() + "_";
        string? Decide(string kind, string name, string? value, string? cap) =>
            One(field + kind, wish(name.ToUpperInvariant()), value, cap, $"{setting}{name}_overwrite_max_allowed");

        var result = new ResourceOptions(
            Decide("CPULimit", "cpu_limit", given.CpuLimit, caps.CpuLimit),
            Decide("CPURequest", "cpu_request", given.CpuRequest, caps.CpuRequest),
            Decide("MemoryLimit", "memory_limit", given.MemoryLimit, caps.MemoryLimit),
            Decide("MemoryRequest", "memory_request", given.MemoryRequest, caps.MemoryRequest))
        {
            EphemeralStorageLimit = Decide("EphemeralStorageLimit", "ephemeral_storage_limit", given.EphemeralStorageLimit, caps.EphemeralStorageLimit),
            EphemeralStorageRequest = Decide("EphemeralStorageRequest", "ephemeral_storage_request", given.EphemeralStorageRequest, caps.EphemeralStorageRequest),
        };
        return result with
        {
            CpuRequest = Fitting(field + "CPU", wish("CPU_REQUEST").Variable, given.CpuRequest, result.CpuRequest, result.CpuLimit),
            MemoryRequest = Fitting(field + "Memory", wish("MEMORY_REQUEST").Variable, given.MemoryRequest, result.MemoryRequest, result.MemoryLimit),
            EphemeralStorageRequest = Fitting(
                field + "EphemeralStorage", wish("EPHEMERAL_STORAGE_REQUEST").Variable, given.EphemeralStorageRequest, result.EphemeralStorageRequest, result.EphemeralStorageLimit),
        };
    }

    private string? One(string field, (string Variable, string? Value) wish, string? value, string? cap, string setting)
    {
        if (wish.Value is not { Length: > 0 } wanted)
        {
            return value;
        }

        if (cap is null)
        {
            overwrites.Ignored(wish.Variable, setting);
            return value;
        }

        if (!Quantities.IsValid(wanted))
        {
            decision.Refuse(
                $"parsing resource limit: \"{wanted}\" is no Kubernetes quantity", $"{wish.Variable}, a wish for {field}", $"Write {wish.Variable}: \"500m\", \"2\" or \"1Gi\".");
            return value;
        }

        if (Quantities.Value(wanted) > Quantities.Value(cap))
        {
            decision.Refuse(
                $"the resource \"{field}\" requested \"{wanted}\" is higher than limit allowed \"{cap}\"",
                $"{wish.Variable}, against the runner's kubernetes.{setting}",
                $"Lower {wish.Variable}, or let the runner's administrator raise the setting.");
            return value;
        }

        decision.Notices.Add($"\"{field}\" overwritten with \"{wanted}\"");
        return wanted;
    }

    /// <summary>Kubernetes refuses a request above the limit. A limit that the job has lowered lowers the operator's request, too.</summary>
    private string? Fitting(string field, string variable, string? given, string? request, string? limit)
    {
        if (request is null || limit is null || Quantities.Value(request) <= Quantities.Value(limit))
        {
            return request;
        }

        if (request != given)
        {
            decision.Refuse(
                $"the resource \"{field}Request\" requested \"{request}\" is higher than \"{field}Limit\", \"{limit}\"", $"{variable}: a request cannot be above its limit", $"Lower {variable}, or raise the limit.");
        }

        return limit;
    }
}
