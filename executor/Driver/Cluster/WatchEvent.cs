using System.Net;
using System.Text.Json;

namespace PodExecutor.Driver.Cluster;

/// <summary>One line of a watch.</summary>
/// <param name="Type">ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</param>
/// <param name="Version">The object's resourceVersion; null if the server gives none.</param>
internal readonly record struct WatchEvent(string Type, JsonElement Item, string? Version)
{
    public const string Added = "ADDED";
    public const string Deleted = "DELETED";
    public const string Bookmark = "BOOKMARK";
    public const string Error = "ERROR";

    /// <exception cref="JsonException">It is cut, or not from an API server.</exception>
    public static WatchEvent Parse(string line)
    {
        using var json = JsonDocument.Parse(line);
        return json.RootElement is { ValueKind: JsonValueKind.Object } root
            && Text(root, "type") is { } type
            && root.TryGetProperty("object", out var item) && item.ValueKind == JsonValueKind.Object
            ? new WatchEvent(type, item.Clone(), item.TryGetProperty("metadata", out var metadata) ? Text(metadata, "resourceVersion") : null)
            : throw new JsonException("not a watch event");
    }

    /// <summary>What an ERROR says.</summary>
    public ApiException ToException(string watch)
    {
        var code = Item.TryGetProperty("code", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var given) ? given : 0;
        var status = StatusText.Parse(Item.GetRawText());
        var wait = Item.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Object
            && details.TryGetProperty("retryAfterSeconds", out var seconds) && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetInt32(out var asked)
            ? TimeSpan.FromSeconds(asked)
            : (TimeSpan?)null;
        return new ApiException(watch, code == 0 ? null : (HttpStatusCode)code, status.Reason, $"the server ended the watch: {status.Message}", wait);
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
