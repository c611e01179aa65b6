using PodExecutor.Agent.Images.Listing;
using PodExecutor.Agent.Images.Progress;

namespace PodExecutor.Agent.Images.Verbs;

/// <param name="Format">A Go template, or "table …", or null.</param>
internal sealed record ImageListStyle(bool Digests, bool Whole, string? Format);

/// <summary>The table of `docker images`.</summary>
internal static class ImageList
{
    public static void Write(TextWriter output, IReadOnlyList<ListedImage> images, ImageListStyle style, DateTimeOffset now)
    {
        if (style.Format is { } format and not "table" and not "json")
        {
            foreach (var image in images)
            {
                output.WriteLine(GoTemplate.Expand(format.StartsWith("table ", StringComparison.Ordinal) ? format["table ".Length..] : format, ImageFields.Of(image.Recipe, image.Name)));
            }

            return;
        }

        List<string[]> rows = [style.Digests ? ["REPOSITORY", "TAG", "DIGEST", "IMAGE ID", "CREATED", "SIZE"] : ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"]];
        foreach (var (recipe, name) in images)
        {
            string[] names = [name?.Familiar ?? "<none>", name?.Tag ?? "<none>"];
            string[] digest = style.Digests ? [recipe.Digest ?? "<none>"] : [];
            rows.Add([.. names, .. digest, style.Whole ? recipe.Id : recipe.ShortId, Age(now - recipe.Created), recipe.Size > 0 ? ByteText.Of(recipe.Size) : "-"]);
        }

        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(r => r[column].Length)).ToList();
        foreach (var row in rows)
        {
            output.WriteLine(string.Join("   ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    private static string Age(TimeSpan age) => age.TotalMinutes < 1 ? $"{Math.Max(0, (int)age.TotalSeconds)} seconds ago"
        : age.TotalHours < 1 ? $"{(int)age.TotalMinutes} minutes ago" : $"{(int)age.TotalHours} hours ago";
}
