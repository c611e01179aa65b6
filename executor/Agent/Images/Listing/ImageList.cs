using System.Globalization;
using System.Text.Json.Nodes;
using PodExecutor.Agent.Images.Progress;

namespace PodExecutor.Agent.Images.Listing;

/// <param name="Format">A Go template, or "table …", or "json", or null.</param>
internal sealed record ImageListStyle(bool Digests, bool Whole, string? Format);

/// <summary>The table of `docker images`.</summary>
internal static class ImageList
{
    /// <summary>Docker's, and nerdctl's Name and Platform.</summary>
    private const string Headers = "Containers=CONTAINERS|CreatedAt=CREATED AT|CreatedSince=CREATED|Digest=DIGEST|ID=IMAGE ID|Name=NAME|Platform=PLATFORM|Repository=REPOSITORY|SharedSize=SHARED SIZE|Size=SIZE|Tag=TAG"
        + "|UniqueSize=UNIQUE SIZE|VirtualSize=SIZE";

    public static void Write(TextWriter output, IReadOnlyList<ListedImage> images, ImageListStyle style, DateTimeOffset now) =>
        new ListOutput(Headers, $"{{{{.Repository}}}}\t{{{{.Tag}}}}{(style.Digests ? "\t{{.Digest}}" : "")}\t{{{{.ID}}}}\t{{{{.CreatedSince}}}}\t{{{{.Size}}}}")
            .Write(output, style.Format, images.Select(i => Row(i, style, now)));

    private static JsonObject Row(ListedImage image, ImageListStyle style, DateTimeOffset now)
    {
        var (recipe, name) = image;
        var size = recipe.Size > 0 ? ByteText.Of(recipe.Size) : "-";
        return new JsonObject
        {
            ["Containers"] = "0",
            ["CreatedAt"] = recipe.Created.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss '+0000 UTC'", CultureInfo.InvariantCulture),
            ["CreatedSince"] = AgeText.Of(now - recipe.Created),
            ["Digest"] = recipe.Digest ?? "<none>",
            ["ID"] = style.Whole ? recipe.Id : recipe.ShortId,
            ["Name"] = name?.Full ?? "",
            ["Platform"] = string.Join(',', recipe.Platforms),
            ["Repository"] = name?.Familiar ?? "<none>",
            ["SharedSize"] = "N/A",
            ["Size"] = size,
            ["Tag"] = name?.Tag ?? "<none>",
            ["UniqueSize"] = "N/A",
            ["VirtualSize"] = size,
        };
    }
}
