using PodExecutor.Agent.Images.Recipes;
using PodExecutor.Agent.Images.References;

namespace PodExecutor.Agent.Images.Listing;

/// <summary>One line of `docker images`: an image under one of its names.</summary>
/// <param name="Name">Null: it has none, docker's &lt;none&gt;.</param>
internal sealed record ListedImage(Recipe Recipe, ImageReference? Name)
{
    /// <summary>An image that has a name is not listed without one as well, though it was built again without: it would pass for dangling.</summary>
    public static IEnumerable<ListedImage> Of(IReadOnlyList<Recipe> recipes)
    {
        var named = recipes.Where(r => r.Names.Count > 0).Select(r => r.Id).ToHashSet(StringComparer.Ordinal);
        return recipes.Where(r => r.Names.Count > 0 || !named.Contains(r.Id)).SelectMany(r => r.Names.DefaultIfEmpty(null).Select(n => new ListedImage(r, n is null ? null : ImageReference.Parse(n))));
    }
}
