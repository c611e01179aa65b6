using System.Text;
using System.Text.Json;
using PodExecutor.BuildKit.Wire.Api;

namespace PodExecutor.Agent.Builders.Policy;

/// <summary>The frontend's option "cache-imports": a JSON list of cache entries.</summary>
internal static class CacheImportsOption
{
    public const string Name = "cache-imports";

    /// <returns>null: it cannot be read.</returns>
    public static IReadOnlyList<CacheOptionsEntry>? Read(string text)
    {
        if (text.Length == 0)
        {
            return [];
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Null ? [] : [.. document.RootElement.EnumerateArray().Select(Entry)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    public static string Write(IEnumerable<CacheOptionsEntry> entries)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var entry in entries)
            {
                json.WriteStartObject();
                json.WriteString("Type", entry.Type);
                json.WriteStartObject("Attrs");
                foreach (var (name, value) in entry.Attrs)
                {
                    json.WriteString(name, value);
                }

                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    // Go takes names in any case.
    private static CacheOptionsEntry Entry(JsonElement element)
    {
        var entry = new CacheOptionsEntry();
        foreach (var property in element.EnumerateObject())
        {
            if (property.Name.Equals("Type", StringComparison.OrdinalIgnoreCase))
            {
                entry.Type = property.Value.GetString() ?? "";
            }
            else if (property.Name.Equals("Attrs", StringComparison.OrdinalIgnoreCase) && property.Value.ValueKind != JsonValueKind.Null)
            {
                foreach (var attribute in property.Value.EnumerateObject())
                {
                    entry.Attrs[attribute.Name] = attribute.Value.GetString() ?? "";
                }
            }
        }

        return entry;
    }
}
