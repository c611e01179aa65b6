using System.Text;
using System.Text.Json;
using PodExecutor.Agent.Images.Progress;
using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>What is known of an image, by the names that docker's inspect and images give it.</summary>
internal static class ImageFields
{
    public static IReadOnlyDictionary<string, string> Of(Recipe recipe, ImageReference? name = null)
    {
        var shown = name ?? recipe.Names.Select(ImageReference.Parse).FirstOrDefault();
        return new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["Created"] = recipe.Created.ToString("O"),
            ["CreatedAt"] = recipe.Created.ToString("O"),
            ["Digest"] = recipe.Digest ?? "<none>",
            ["ID"] = recipe.ShortId,
            ["Id"] = recipe.Id,
            ["Name"] = shown?.Full ?? "",
            ["Platform"] = string.Join(',', recipe.Platforms),
            ["RepoDigests"] = RepoDigests(recipe).FirstOrDefault() ?? "",
            ["RepoTags"] = shown?.Tag is null ? "" : $"{shown.Familiar}:{shown.Tag}",
            ["Repository"] = shown?.Familiar ?? "<none>",
            ["Size"] = ByteText.Of(recipe.Size),
            ["Tag"] = shown?.Tag ?? "<none>",
        };
    }

    public static void WriteJson(TextWriter output, IEnumerable<Recipe> recipes)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var recipe in recipes)
            {
                json.WriteStartObject();
                json.WriteString("Id", recipe.Id);
                Array(json, "RepoTags", recipe.Names.Select(ImageReference.Parse).Where(r => r.Tag is not null).Select(r => $"{r.Familiar}:{r.Tag}"));
                Array(json, "RepoDigests", RepoDigests(recipe));
                json.WriteString("Created", recipe.Created);
                json.WriteNumber("Size", recipe.Size);
                Array(json, "Platforms", recipe.Platforms);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static IEnumerable<string> RepoDigests(Recipe recipe) =>
        recipe.Pushed.Select(p => $"{ImageReference.Parse(p.Key).Familiar}@{p.Value}").Distinct(StringComparer.Ordinal);

    private static void Array(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
