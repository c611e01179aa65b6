using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PodExecutor.Driver.Options;

/// <summary>docs/settings.schema.json: the declarations as a JSON schema, for editors and for tools that write the file.</summary>
internal static class SettingsSchema
{
    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(TableDescription root)
    {
        var schema = Table(root);
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "pod-executor settings");
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            schema.WriteTo(json);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static JsonObject Table(TableDescription table)
    {
        var properties = new JsonObject();
        foreach (var key in table.Keys)
        {
            properties[key.Name] = Key(key);
        }

        foreach (var inner in table.Tables)
        {
            properties[inner.Name] = inner.Shape switch
            {
                TableShape.List => new JsonObject { ["type"] = "array", ["description"] = inner.Meaning, ["items"] = Table(inner) },
                TableShape.Named => new JsonObject { ["type"] = "object", ["description"] = inner.Meaning, ["additionalProperties"] = Profile(inner) },
                _ => Table(inner),
            };
        }

        var result = new JsonObject { ["type"] = "object" };
        if (table.Meaning.Length > 0)
        {
            result["description"] = table.Meaning;
        }

        result["properties"] = properties;
        if (table.Keys.Where(k => k.Shape.IsRequired).Select(k => (JsonNode)k.Name).ToArray() is { Length: > 0 } required)
        {
            result["required"] = new JsonArray(required);
        }

        result["additionalProperties"] = false;
        return result;
    }

    /// <summary>Its own keys; those of [kubernetes] come besides.</summary>
    private static JsonObject Profile(TableDescription table)
    {
        var result = Table(table);
        result["additionalProperties"] = true;
        return result;
    }

    private static JsonObject Key(KeyDescription key)
    {
        var result = Type(key.Shape);
        result["description"] = key.Meaning;
        if (key.Shape.Default is { } fallback)
        {
            result["default"] = key.Shape.Type == KeyType.Flag ? fallback == "true" : fallback;
        }

        result["x-weight"] = key.Mark.ToString();
        if (key.Job is not null)
        {
            result["x-job"] = key.Job.Trim('`');
        }

        return result;
    }

    private static JsonObject Type(KeyShape shape) => shape.Type switch
    {
        KeyType.Flag => Of("boolean"),
        KeyType.Number => Of("integer"),
        KeyType.Duration or KeyType.Bytes => new JsonObject { ["type"] = new JsonArray("integer", "string") },
        KeyType.Numbers => new JsonObject { ["type"] = "array", ["items"] = Of("integer") },
        KeyType.Texts => OneOrList(Of("string")),
        KeyType.Word => Enumeration(shape),
        KeyType.Words => OneOrList(Enumeration(shape)),
        KeyType.Map => new JsonObject { ["type"] = "object", ["additionalProperties"] = Of("string") },
        KeyType.ApiObject => new JsonObject { ["type"] = new JsonArray("object", "string") },
        _ => Of("string"),
    };

    private static JsonObject Of(string type) => new() { ["type"] = type };

    private static JsonObject Enumeration(KeyShape shape) => new() { ["enum"] = new JsonArray([.. shape.Words.Select(w => (JsonNode)w)]) };

    private static JsonObject OneOrList(JsonObject item) => new()
    {
        ["anyOf"] = new JsonArray(item, new JsonObject { ["type"] = "array", ["items"] = item.DeepClone() }),
    };
}
