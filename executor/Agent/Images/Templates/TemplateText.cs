using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Templates;

/// <summary>Values as Go prints them.</summary>
internal static class TemplateText
{
    /// <summary>%v.</summary>
    public static string Of(JsonNode? value) => value switch
    {
        null => "<no value>",
        JsonArray list => $"[{string.Join(' ', list.Select(Of))}]",
        JsonObject map => $"map[{string.Join(' ', map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}:{Of(p.Value)}"))}]",
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => Json(value),
        },
    };

    public static string Json(JsonNode? value)
    {
        if (value is null)
        {
            return "null";
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            value.WriteTo(json);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>What `if` takes as true: neither empty nor zero.</summary>
    public static bool IsTrue(JsonNode? value) => value switch
    {
        null => false,
        JsonArray list => list.Count > 0,
        JsonObject map => map.Count > 0,
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => value.GetValue<string>().Length > 0,
            JsonValueKind.Number => Number(value) != 0,
            var kind => kind == JsonValueKind.True,
        },
    };

    /// <summary>Of whatever CLR type: through its text. What is shown here has whole numbers only; of another one the part before the point counts.</summary>
    public static long Number(JsonNode value) =>
        long.TryParse(Json(value).Split('.')[0], System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : long.MaxValue;
}
