using System.Text.Json.Nodes;

namespace PodExecutor.Driver.Pods.Patches;

/// <summary>
/// Kubernetes' strategic merge for a pod's spec: as a merge patch, but the elements of a list are found by name. Directives:
/// $patch (merge, replace, delete), $retainKeys, $deleteFromPrimitiveList/KEY; $setElementOrder/KEY is ignored.
/// Source of the merge keys: k8s.io/api core/v1/types.go, patchMergeKey (v1.34).
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFromList = "$deleteFromPrimitiveList/";
    private const string ElementOrder = "$setElementOrder/";
    private const string Volumes = "volumes";

    private static readonly Dictionary<string, string> MergeKeys = new()
    {
        ["containers"] = "name",
        ["initContainers"] = "name",
        ["ephemeralContainers"] = "name",
        [Volumes] = "name",
        ["env"] = "name",
        ["volumeMounts"] = "mountPath",
        ["volumeDevices"] = "devicePath",
        ["ports"] = "containerPort",
        ["hostAliases"] = "ip",
        ["imagePullSecrets"] = "name",
        ["topologySpreadConstraints"] = "topologyKey",
        ["resourceClaims"] = "name",
        ["schedulingGates"] = "name",
    };

    /// <exception cref="PatchException">An element of a list has no name, or a directive is unknown.</exception>
    public static JsonObject Apply(JsonObject target, JsonObject patch)
    {
        switch (patch[Directive]?.ToString())
        {
            case null or "merge":
                break;
            case "replace":
                return Without(patch);
            case var other:
                throw new PatchException($"\"$patch: {other}\" cannot be used here");
        }

        var result = (JsonObject)target.DeepClone();
        Retain(result, patch);
        foreach (var (name, value) in patch.Where(p => p.Key is not (Directive or RetainKeys) && !p.Key.StartsWith(ElementOrder, StringComparison.Ordinal)))
        {
            if (name.StartsWith(DeleteFromList, StringComparison.Ordinal))
            {
                Delete(result[name[DeleteFromList.Length..]] as JsonArray, value as JsonArray);
            }
            else
            {
                Field(result, name, value);
            }
        }

        return result;
    }

    private static void Field(JsonObject result, string name, JsonNode? value)
    {
        switch (value)
        {
            case null:
            case JsonObject map when IsDelete(map):
                result.Remove(name);
                break;
            case JsonObject map:
                result[name] = Apply(result[name] as JsonObject ?? [], map);
                break;
            case JsonArray list when MergeKeys.TryGetValue(name, out var key):
                result[name] = List(result[name] as JsonArray ?? [], list, name, key);
                break;
            default:
                result[name] = value.DeepClone();
                break;
        }
    }

    private static JsonArray List(JsonArray target, JsonArray patch, string name, string key)
    {
        if (patch.Any(IsReplaceList))
        {
            return [.. patch.Where(p => !IsReplaceList(p)).Select(p => p?.DeepClone())];
        }

        var result = target.Select(t => t!.DeepClone().AsObject()).ToList();
        foreach (var item in patch)
        {
            var element = item as JsonObject ?? throw new PatchException($"an element of {name} must be an object");
            var id = element[key]?.ToJsonString() ?? throw new PatchException($"an element of {name} has no {key}");
            var at = result.FindIndex(r => r[key]?.ToJsonString() == id);
            if (IsDelete(element))
            {
                result.RemoveAll(r => r[key]?.ToJsonString() == id);
            }
            else if (at < 0)
            {
                result.Add(Apply([], element));
            }
            else
            {
                result[at] = Apply(name == Volumes ? WithoutSource(result[at], element) : result[at], element);
            }
        }

        return new JsonArray([.. result.Select(r => (JsonNode?)r)]);
    }

    /// <summary>A volume has one source: a patch with another one takes the old one's place.</summary>
    private static JsonObject WithoutSource(JsonObject volume, JsonObject patch) =>
        patch.Where(p => p.Key is not ("name" or Directive)).All(p => volume.ContainsKey(p.Key)) ? volume : new JsonObject { ["name"] = volume["name"]!.DeepClone() };

    private static bool IsReplaceList(JsonNode? element) => element is JsonObject { Count: 1 } map && map[Directive]?.ToString() == "replace";

    private static bool IsDelete(JsonObject patch) => patch[Directive]?.ToString() == "delete";

    private static JsonObject Without(JsonObject patch)
    {
        var result = (JsonObject)patch.DeepClone();
        result.Remove(Directive);
        return result;
    }

    private static void Retain(JsonObject result, JsonObject patch)
    {
        if (patch[RetainKeys] is JsonArray keep)
        {
            var names = keep.Select(k => k?.ToString()).ToHashSet();
            foreach (var name in result.Select(r => r.Key).Where(k => !names.Contains(k)).ToList())
            {
                result.Remove(name);
            }
        }
    }

    private static void Delete(JsonArray? target, JsonArray? values)
    {
        foreach (var gone in target?.Where(t => values?.Any(v => JsonNode.DeepEquals(t, v)) == true).ToList() ?? [])
        {
            target!.Remove(gone);
        }
    }
}
