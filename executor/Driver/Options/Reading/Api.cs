using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;

namespace PodExecutor.Driver.Options;

/// <summary>Parts of a pod that are written as the Kubernetes API has them.</summary>
internal static class Api
{
    /// <summary>Fields whose keys are names of the operator's own.</summary>
    private static readonly string[] Maps = ["matchLabels"];

    public static string NameOf<T>() => typeof(T).Name is ['V', '1', .. var name] ? name : typeof(T).Name;

    /// <summary>Null if the value is no such object, or has a field that the API does not know.</summary>
    public static T? Parse<T>(object value)
        where T : class
    {
        try
        {
            var json = value is string text ? YamlJson.Parse(text) : ToJson(value, camel: true);
            if (json is not JsonObject)
            {
                return null;
            }

            var result = KubernetesJson.Deserialize<T>(json.ToJsonString());

            // What does not come back was not understood.
            return Covers(JsonNode.Parse(KubernetesJson.Serialize(result)), json) ? result : null;
        }
        catch (Exception e) when (e is JsonException or YamlDotNet.Core.YamlException or InvalidOperationException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static JsonNode? ToJson(object value, bool camel) => value switch
    {
        TomlTable table => Object(table, camel),
        List<TomlValue> list => new JsonArray([.. list.Select(i => ToJson(i.Value, camel))]),
        string text => text,
        bool flag => flag,
        long number => number,
        double number => number,
        _ => throw new FormatException(),
    };

    private static JsonObject Object(TomlTable table, bool camel)
    {
        var result = new JsonObject();
        foreach (var (key, value) in table.Values)
        {
            var name = camel ? Camel(key) : key;
            result[name] = ToJson(value.Value, camel && !Maps.Contains(name));
        }

        return result;
    }

    private static string Camel(string snake)
    {
        var parts = snake.Split('_', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 0 ? snake : parts[0] + string.Concat(parts.Skip(1).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));
    }

    private static bool Covers(JsonNode? whole, JsonNode? part) => (whole, part) switch
    {
        (JsonObject w, JsonObject p) => p.All(field => field.Value is null || (w.TryGetPropertyValue(field.Key, out var inner) && Covers(inner, field.Value))),
        (JsonArray w, JsonArray p) => w.Count == p.Count && p.Index().All(i => Covers(w[i.Index], i.Item)),
        (null, not null) => false,
        _ => true,
    };
}
