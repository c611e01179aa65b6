using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Reports;

/// <summary>A Dockerfile's warnings as GitLab's code quality report (docs.gitlab.com/ci/testing/code_quality, report format).</summary>
internal static class CodeQualityReport
{
    /// <param name="path">The Dockerfile's, relative to the project.</param>
    public static string Text(IEnumerable<VertexWarning> warnings, string path)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var warning in warnings)
            {
                Write(json, warning, path);
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static void Write(Utf8JsonWriter json, VertexWarning warning, string path)
    {
        var line = warning.Source?.FirstLine ?? 1;
        json.WriteStartObject();
        json.WriteString("description", warning.Short);
        json.WriteString("check_name", Rule(warning));

        // Stable over other lines being added above: GitLab tells old from new findings by it.
        var text = warning.Source?.Lines().FirstOrDefault(l => l.Meant)?.Text.Trim() ?? "";
        json.WriteString("fingerprint", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{path}\n{Rule(warning)}\n{warning.Short}\n{text}")))[..32]);
        json.WriteString("severity", warning.Level <= 1 ? "minor" : "info");
        json.WriteStartObject("location");
        json.WriteString("path", path);
        json.WriteStartObject("lines");
        json.WriteNumber("begin", line);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/" or "JSONArgsRecommended: JSON arguments recommended …"
    private static string Rule(VertexWarning warning)
    {
        var colon = warning.Short.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && !warning.Short.AsSpan(0, colon).Contains(' ') ? warning.Short[..colon]
            : warning.Url?.TrimEnd('/').Split('/')[^1] is { Length: > 0 } rule ? rule : "dockerfile";
    }
}
