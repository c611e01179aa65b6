using System.Text;
using System.Text.Json;

namespace PodExecutor.Agent.Images.Reports;

/// <summary>--metadata-file as buildx and buildctl write it: what the exporter said, with values that are JSON in base64 opened.</summary>
internal static class MetadataFile
{
    public static string Text(IReadOnlyDictionary<string, string> response)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            foreach (var (key, value) in response.OrderBy(r => r.Key, StringComparer.Ordinal))
            {
                json.WritePropertyName(key);
                if (Document(value) is { } document)
                {
                    json.WriteRawValue(document);
                }
                else
                {
                    json.WriteStringValue(value);
                }
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static byte[]? Document(string value)
    {
        try
        {
            var bytes = Convert.FromBase64String(value);
            if (bytes is not [(byte)'{', ..])
            {
                return null;
            }

            using var document = JsonDocument.Parse(bytes);
            return bytes;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }
}
