using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Listing;

/// <summary>One line of `docker images`: an image under one of its names.</summary>
/// <param name="Name">Null: it has none, docker's &lt;none&gt;.</param>
internal sealed record ListedImage(Recipe Recipe, ImageReference? Name)
{
    public static IEnumerable<ListedImage> Of(IEnumerable<Recipe> recipes) =>
        recipes.SelectMany(r => r.Names.DefaultIfEmpty(null).Select(n => new ListedImage(r, n is null ? null : ImageReference.Parse(n))));
}
