using System.Text.Json.Nodes;

namespace PodExecutor.Driver.Pods.Patches;

/// <summary>JSON merge patch, RFC 7386: objects are merged, null removes, all else replaces.</summary>
internal static class MergePatch
{
    public static JsonNode Apply(JsonNode? target, JsonObject patch)
    {
        var result = target as JsonObject ?? [];
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    result.Remove(name);
                    break;
                case JsonObject inner:
                    result[name] = Detached(Apply(Take(result, name), inner));
                    break;
                default:
                    result[name] = value.DeepClone();
                    break;
            }
        }

        return result;
    }

    /// <summary>A node has one parent: what is put elsewhere must leave its own first.</summary>
    private static JsonNode? Take(JsonObject from, string name)
    {
        var value = from[name];
        from.Remove(name);
        return value;
    }

    private static JsonNode Detached(JsonNode node) => node.Parent is null ? node : node.DeepClone();
}
