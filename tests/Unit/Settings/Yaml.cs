using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace PodExecutor.Tests.Unit.Settings;

/// <summary>JSON nodes as YAML for people: blocks, and quotes only where they are needed.</summary>
internal static partial class Yaml
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(JsonObject node)
    {
        var text = new StringBuilder();
        Write(node, "", text);
        return text.ToString();
    }

    private static void Write(JsonNode? node, string indent, StringBuilder text)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (key, value) in map)
                {
                    text.Append(indent).Append(Scalar(key)).Append(':');
                    Value(value, indent + (value is JsonArray ? "" : "  "), text);
                }

                break;
            case JsonArray list:
                foreach (var item in list)
                {
                    var inner = new StringBuilder();
                    Write(item, indent + "  ", inner);
                    text.Append(indent).Append("- ").Append(item is JsonObject { Count: > 0 } or JsonArray { Count: > 0 } ? inner.ToString()[(indent.Length + 2)..] : Leaf(item) + "\n");
                }

                break;
        }
    }

    private static void Value(JsonNode? value, string indent, StringBuilder text)
    {
        if (value is JsonObject { Count: > 0 } or JsonArray { Count: > 0 })
        {
            text.Append('\n');
            Write(value, indent, text);
        }
        else
        {
            text.Append(' ').Append(Leaf(value)).Append('\n');
        }
    }

    private static string Leaf(JsonNode? node) => node is null ? "null"
        : node is JsonObject ? "{}"
        : node is JsonArray ? "[]"
        : node.GetValueKind() == JsonValueKind.String ? Scalar(node.GetValue<string>())
        : node.ToJsonString();

    private static string Scalar(string text) =>
        Plain().IsMatch(text) && text is not ("true" or "false" or "null") ? text : JsonSerializer.Serialize(text, Relaxed);

    [GeneratedRegex("^[A-Za-z/][-A-Za-z0-9_./ ]*[-A-Za-z0-9_./]$|^[A-Za-z]$")]
    private static partial Regex Plain();
}
