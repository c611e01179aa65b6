using System.Text.Json;

namespace PodExecutor.Driver.Cluster;

/// <summary>The parts of a Kubernetes Status that we use.</summary>
/// <param name="Success">As an exec's last word: the command ended with 0.</param>
/// <param name="Reason">"AlreadyExists", "NonZeroExitCode"…</param>
/// <param name="Message">For a person.</param>
internal readonly record struct StatusText(bool Success, string Reason, string Message)
{
    /// <summary>Never fails: a proxy's HTML page is a message, too.</summary>
    public static StatusText Parse(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                return new StatusText(Text(json.RootElement, "status") == "Success", Text(json.RootElement, "reason"), Text(json.RootElement, "message"));
            }
        }
        catch (JsonException)
        {
            // Not from an API server; shown as it is.
        }

        return new StatusText(false, "", body.Trim());
    }

    private static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
