using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Listing;

/// <summary>What is known of an image, by the names that docker's inspect gives it.</summary>
internal static class ImageFields
{
    /// <param name="variable">The job's variables: image-build takes labels from them.</param>
    public static JsonObject Of(Recipe recipe, Func<string, string?> variable)
    {
        var names = recipe.Names.Select(ImageReference.Parse).ToList();
        var labels = ImageLabels.Of(recipe, variable).OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => KeyValuePair.Create(l.Key, (JsonNode?)JsonValue.Create(l.Value)));

        // Without --platform it is the builder's own, for which this pod's stands: nothing tells it.
        var platform = (recipe.Platforms is [var first, ..] ? first : "linux/" + OwnArchitecture).Split('/');
        return new JsonObject
        {
            ["Id"] = recipe.Id,
            ["RepoTags"] = List(names.Where(n => n.Tag is not null).Select(n => $"{n.Familiar}:{n.Tag}")),
            ["RepoDigests"] = List(recipe.Pushed.Select(p => $"{ImageReference.Parse(p.Key).Familiar}@{p.Value}").Distinct(StringComparer.Ordinal)),
            ["Created"] = recipe.Created.UtcDateTime.ToString("O"),
            ["Config"] = new JsonObject { ["Labels"] = new JsonObject(labels) },
            ["Architecture"] = platform[1],
            ["Os"] = platform[0],
            ["Size"] = recipe.Size,

            // Not docker's.
            ["Name"] = names.Count > 0 ? names[0].Full : "",
            ["Digest"] = recipe.Digest ?? "",
            ["Platforms"] = List(recipe.Platforms),
        };
    }

    /// <summary>As Go names it.</summary>
    public static string OwnArchitecture => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "amd64" : "arm64";

    public static string Json(IEnumerable<JsonObject> values)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            new JsonArray([.. values]).WriteTo(json);
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static JsonArray List(IEnumerable<string> values) => [.. values.Select(v => (JsonNode?)JsonValue.Create(v))];
}
