using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Templates;

/// <summary>A field of a value: by its name, whatever its case, for Go's names and their JSON differ in it (.Client.APIVersion is "ApiVersion").</summary>
internal static class TemplateField
{
    /// <exception cref="ImageException">There is none.</exception>
    public static JsonNode? Of(JsonNode? value, string name)
    {
        if (value is not JsonObject fields)
        {
            throw new ImageException($"--format: .{name} is asked of {TemplateText.Of(value)}, which has no fields.", ImageExit.Usage);
        }

        if (fields.TryGetPropertyValue(name, out var exact))
        {
            return exact;
        }

        return fields.FirstOrDefault(f => f.Key.Equals(name, StringComparison.OrdinalIgnoreCase)) is { Key: not null } found ? found.Value : throw Unknown(fields, name);
    }

    /// <summary>A field or key that is not there, and why if that is known.</summary>
    public static ImageException Unknown(JsonObject fields, string name) => Place(fields) == "Labels"
        ? new ImageException($"--format: the label {name} is not known: {Listing.ImageLabels.Unknown}.")
        : new ImageException($"--format: .{name} is not known here. Known fields: {string.Join(", ", fields.Select(f => "." + f.Key))}.", ImageExit.Usage);

    /// <summary>The name under which a value stands in another one, or null.</summary>
    public static string? Place(JsonNode? value) => value?.Parent is JsonObject ? value.GetPropertyName() : null;
}
