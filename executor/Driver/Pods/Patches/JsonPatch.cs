using System.Globalization;
using System.Text.Json.Nodes;

namespace PodExecutor.Driver.Pods.Patches;

/// <summary>JSON patch, RFC 6902, with the pointers of RFC 6901.</summary>
internal static class JsonPatch
{
    /// <exception cref="PatchException">An operation is none, or its path does not exist, or a test fails.</exception>
    public static JsonNode Apply(JsonNode target, JsonArray patch)
    {
        // A root above the document, so that the document itself can be replaced.
        var root = new JsonObject { [""] = target.DeepClone() };
        foreach (var item in patch)
        {
            var operation = item as JsonObject ?? throw new PatchException("an operation must be an object with op and path");
            Apply(root, Text(operation, "op"), Text(operation, "path"), operation);
        }

        var result = root[""] ?? throw new PatchException("nothing is left");
        root.Remove("");
        return result;
    }

    private static void Apply(JsonObject root, string op, string path, JsonObject operation)
    {
        switch (op)
        {
            case "add":
                Add(root, path, Value(operation, path));
                break;
            case "remove":
                Remove(root, path);
                break;
            case "replace":
                Remove(root, path);
                Add(root, path, Value(operation, path));
                break;
            case "move":
                Add(root, path, Remove(root, Text(operation, "from")));
                break;
            case "copy":
                Add(root, path, Get(root, Text(operation, "from"))?.DeepClone());
                break;
            case "test":
                if (!JsonNode.DeepEquals(Get(root, path), operation["value"]))
                {
                    throw new PatchException($"test: {path} is not {operation["value"]?.ToJsonString() ?? "null"}");
                }

                break;
            default:
                throw new PatchException($"\"{op}\" is none of add, remove, replace, move, copy, test");
        }
    }

    private static void Add(JsonObject root, string path, JsonNode? value)
    {
        var (parent, last) = Parent(root, path);
        switch (parent)
        {
            case JsonObject map:
                map[last] = value;
                break;
            case JsonArray list when last == "-":
                list.Add(value);
                break;
            case JsonArray list:
                list.Insert(Index(last, list.Count + 1, path), value);
                break;
            default:
                throw Missing(path);
        }
    }

    private static JsonNode? Remove(JsonObject root, string path)
    {
        var (parent, last) = Parent(root, path);
        switch (parent)
        {
            case JsonObject map when map.TryGetPropertyValue(last, out var value):
                map.Remove(last);
                return value;
            case JsonArray list:
                var index = Index(last, list.Count, path);
                var element = list[index];
                list.RemoveAt(index);
                return element;
            default:
                throw Missing(path);
        }
    }

    private static JsonNode? Get(JsonObject root, string path)
    {
        var (parent, last) = Parent(root, path);
        return parent switch
        {
            JsonObject map when map.TryGetPropertyValue(last, out var value) => value,
            JsonArray list => list[Index(last, list.Count, path)],
            _ => throw Missing(path),
        };
    }

    private static (JsonNode? Parent, string Last) Parent(JsonObject root, string path)
    {
        if (path.Length > 0 && path[0] != '/')
        {
            throw new PatchException($"the path \"{path}\" must begin with /");
        }

        string[] parts = ["", .. path.Split('/').Skip(1).Select(p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
        JsonNode? node = root;
        foreach (var part in parts[..^1])
        {
            node = node switch
            {
                JsonObject map when map.TryGetPropertyValue(part, out var value) => value,
                JsonArray list => list[Index(part, list.Count, path)],
                _ => throw Missing(path),
            };
        }

        return (node, parts[^1]);
    }

    private static int Index(string text, int count, string path) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < count ? index : throw Missing(path);

    private static JsonNode? Value(JsonObject operation, string path) =>
        operation.TryGetPropertyValue("value", out var value) ? value?.DeepClone() : throw new PatchException($"the operation on {path} has no value");

    private static string Text(JsonObject operation, string name) =>
        operation[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : throw new PatchException($"an operation has no {name}");

    private static PatchException Missing(string path) => new($"the pod's spec has no {path}");
}
